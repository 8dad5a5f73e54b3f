import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, createWorld, settle, tick } from "../../../test/sim/world.ts";

const WORN_TICKS = 120;

describe("a worn server", () => {
  it("gets no second successor because the first is worn before it can take over", () => {
    const world = createWorld(aSite([aRole("web", { machines: { min: 1, max: 1 } })]));
    beginDeploy(world, "web", "r1");
    settle(world);
    // Everything is above its limit, and no balancer says that it sees a server up.
    world.lies.set("web-1", (truth) => ({
      ...truth,
      processes: truth.processes.map((it) => ({ ...it, restartWanted: "too big" })),
    }));
    world.down.add("web-1");
    for (let round = 0; round < 4 * WORN_TICKS; round++) tick(world);
    const started = world.log.filter(
      (line) => line.startsWith("start web-1.") && line.includes("too big"),
    );
    assert.deepEqual(started, ["start web-1.2: too big"]);
  });
});
