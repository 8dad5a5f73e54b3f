import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, settle, tick } from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import type { RevisionRecord } from "../inventory.ts";
import type { Observed } from "../observed.ts";
import { applySite, rollBack } from "./apply-site.ts";
import { orderMachine } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { preview } from "./preview.ts";
import { scaleRole } from "./scale.ts";
import { setMaintenance, takeDown } from "./site-switches.ts";

const site = aSite([aRole("web", { machines: { min: 2, max: 5 } })]);

function aRunningWorld(): World {
  const world = createWorld(site);
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function seen(world: World): Observed {
  return {
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
}

function grant(world: World, outcome: Outcome): number | null {
  assert.equal(outcome.kind, "done", JSON.stringify(outcome));
  if (outcome.kind !== "done") return null;
  commit(world, outcome.changes);
  return outcome.deploy;
}

function revision(world: World, id: string): RevisionRecord {
  const known = world.inventory.revisions.get("r1");
  assert.ok(known);
  return { ...known, id };
}

function apply(world: World, ids: readonly string[]): Outcome {
  const revisions = ids.map((id) => revision(world, id));
  const order = { site, revisions, balancerPort: 8080, by: "ada", kind: "deploy" as const };
  return applySite(seen(world), order, world.now);
}

describe("applySite", () => {
  it("begins a deploy of what changed, from what runs to what is wanted", () => {
    const world = aRunningWorld();
    const id = grant(world, apply(world, ["r2"]));
    const deploy = world.inventory.deploys.get(id ?? 0);
    assert.deepEqual(
      deploy?.changes.map(({ role, from, to }) => ({ role, from, to })),
      [{ role: "web", from: "r1", to: "r2" }],
    );
  });

  it("begins none when nothing that runs changed", () => {
    const world = aRunningWorld();
    assert.equal(grant(world, apply(world, ["r1"])), null);
    assert.deepEqual(tick(world).actions, []);
  });

  it("says who holds the lock while a deploy runs", () => {
    const world = aRunningWorld();
    grant(world, apply(world, ["r2"]));
    const second = apply(world, ["r3"]);
    assert.deepEqual(second, {
      kind: "locked",
      deploy: 2,
      message: "deploy 2, begun by ada, is running",
    });
  });

  it("does not go back to a release that never served", () => {
    const world = createWorld(site);
    world.broken.add("r1");
    beginDeploy(world, "web", "r1");
    settle(world);
    assert.equal(world.inventory.deploys.get(1)?.state, "failed");
    const id = grant(world, apply(world, ["r2"]));
    assert.equal(world.inventory.deploys.get(id ?? 0)?.changes[0]?.from, null);
    settle(world);
    assert.equal(world.inventory.deploys.get(2)?.state, "done");
  });

  it("is previewed without being done", () => {
    const world = aRunningWorld();
    const outcome = apply(world, ["r2"]);
    const { deploys } = preview(seen(world), outcome, world.now);
    assert.deepEqual(deploys, [{ role: "web", from: "r1", to: "r2" }]);
    assert.equal(world.inventory.deploys.size, 1);
  });
});

describe("rollBack", () => {
  it("goes back to what ran before, and forward again when asked twice", () => {
    const world = aRunningWorld();
    grant(world, apply(world, ["r2"]));
    settle(world);
    grant(world, rollBack(seen(world), "ada", world.now));
    settle(world);
    assert.equal(world.inventory.roles.get("web")?.revision, "r1");
    grant(world, rollBack(seen(world), "ada", world.now));
    settle(world);
    assert.equal(world.inventory.roles.get("web")?.revision, "r2");
  });

  it("has nothing to go back to after the first deploy", () => {
    const outcome = rollBack(seen(aRunningWorld()), "ada", 0);
    assert.deepEqual(outcome, {
      kind: "unknown",
      message: "there is no earlier deploy to go back to",
    });
  });
});

describe("scaleRole", () => {
  it("refuses what is outside the site file's bounds", () => {
    const world = aRunningWorld();
    const order = { kind: "set", machines: 6 } as const;
    const outcome = scaleRole(world.inventory, "web", order, "ada", world.now);
    assert.deepEqual(outcome, {
      kind: "refused",
      guard: "bounds",
      message: "web=6 is outside the site file's bounds 2..5",
    });
  });

  it("names the roles there are when it does not know one", () => {
    const world = aRunningWorld();
    const outcome = scaleRole(world.inventory, "wbe", { kind: "auto" }, "ada", world.now);
    assert.deepEqual(outcome, { kind: "unknown", message: "there is no role wbe; roles: web" });
  });

  it("sets the number of machines", () => {
    const world = aRunningWorld();
    grant(world, scaleRole(world.inventory, "web", { kind: "set", machines: 4 }, "ada", world.now));
    settle(world);
    assert.equal(world.inventory.machines.size, 5);
  });
});

describe("orderMachine", () => {
  it("refuses to go below the minimum, and says what to do instead", () => {
    const world = aRunningWorld();
    const outcome = orderMachine(world.inventory, "web-1", "remove", "ada", world.now);
    assert.equal(outcome.kind, "refused");
    assert.match(outcome.kind === "refused" ? outcome.message : "", /machine replace web-1/);
  });

  it("drains and undrains", () => {
    const world = aRunningWorld();
    grant(world, orderMachine(world.inventory, "web-1", "drain", "ada", world.now));
    settle(world);
    assert.equal(world.inventory.machines.get("web-1")?.state, "draining");
    grant(world, orderMachine(world.inventory, "web-1", "undrain", "ada", world.now));
    settle(world);
    assert.equal(world.inventory.machines.get("web-1")?.state, "running");
    assert.deepEqual(world.requestsLost, []);
  });

  it("refuses to undrain what was not drained", () => {
    const world = aRunningWorld();
    const outcome = orderMachine(world.inventory, "web-1", "undrain", "ada", world.now);
    assert.equal(outcome.kind, "refused");
  });

  it("leaves balancers alone", () => {
    const world = aRunningWorld();
    for (const order of ["drain", "replace", "remove"] as const) {
      const outcome = orderMachine(world.inventory, "lb-1", order, "ada", world.now);
      assert.equal(outcome.kind, "refused");
    }
  });
});

describe("the site's switches", () => {
  it("put maintenance on record", () => {
    const world = aRunningWorld();
    grant(world, setMaintenance(world.inventory, true, "ada"));
    assert.equal(world.inventory.settings.isMaintenanceOn, true);
  });

  it("take the site down, with the deploy that runs", () => {
    const world = aRunningWorld();
    grant(world, apply(world, ["r2"]));
    tick(world);
    grant(world, takeDown(world.inventory, "ada", world.now));
    settle(world);
    assert.equal(world.inventory.machines.size, 0);
    assert.equal(world.inventory.deploys.get(2)?.state, "failed");
  });
});
