import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { createWorld, settle } from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import { applySite } from "./apply-site.ts";
import type { Outcome } from "./outcome.ts";

const local = aSite([aRole("web", { machines: { min: 1, max: 1 } })]);

function move(world: World): Outcome {
  const observed = {
    inventory: world.inventory,
    provider: null,
    agents: new Map(),
    effects: new Map(),
    limits: new Map(),
    watchingSince: 0,
    load: new Map(),
    figures: new Map(),
    scaling: new Map(),
    earlier: new Map(),
  };
  const site = { ...local, provider: "netns" as const };
  const order = { site, revisions: [], balancerPort: 8080, by: "ada", kind: "settings" as const };
  return applySite(observed, order, world.now);
}

describe("another provider in the site file", () => {
  it("is refused while there are machines of the former one, which nobody could give back", () => {
    const world = createWorld(local);
    settle(world);
    const outcome = move(world);
    assert.ok(outcome.kind === "refused");
    assert.equal(outcome.guard, "provider");
    assert.match(outcome.message, /of provider local: take the site down/);
  });

  it("is taken where there is none", () => {
    assert.equal(move(createWorld(local)).kind, "done");
  });
});
