import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../test/sim/site.ts";
import { beginDeploy, createWorld, observe, settle } from "../../test/sim/world.ts";
import type { World } from "../../test/sim/world.ts";
import type { Action } from "./action.ts";
import { checkPlan } from "./invariants.ts";

function aRunningWorld(): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 5 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function guardsOf(world: World, wish: Partial<Action>): readonly string[] {
  const action: Action = {
    kind: "scale",
    subject: "web",
    reason: "test",
    changes: [],
    effect: null,
    ...wish,
  };
  return checkPlan(observe(world), [action], world.now).refused.map((r) => r.violation.guard);
}

describe("checkPlan", () => {
  it("refuses an action without a reason", () => {
    assert.deepEqual(guardsOf(aRunningWorld(), { reason: " " }), ["reason"]);
  });

  it("refuses to stop a server that may still get requests", () => {
    const world = aRunningWorld();
    const server = world.inventory.servers.get(1);
    assert.ok(server);
    const changes = [{ kind: "server", server: { ...server, state: "stopping" } }] as const;
    assert.deepEqual(guardsOf(world, { kind: "stop", subject: "web-1.1", changes }), [
      "drain first",
    ]);
  });

  it("refuses to go below the minimum of serving machines", () => {
    const world = aRunningWorld();
    const machine = world.inventory.machines.get("web-1");
    assert.ok(machine);
    const changes = [{ kind: "machine", machine: { ...machine, state: "draining" } }] as const;
    assert.deepEqual(guardsOf(world, { kind: "drain", subject: "web-1", changes }), ["minimum"]);
  });

  it("refuses to shrink a role that is being deployed", () => {
    const world = aRunningWorld();
    beginDeploy(world, "web", "r2");
    const machine = world.inventory.machines.get("web-1");
    assert.ok(machine);
    const idle = { ...machine, name: "web-9", number: 9, calledHomeAt: null };
    world.inventory = {
      ...world.inventory,
      machines: new Map(world.inventory.machines).set("web-9", idle),
    };
    const changes = [{ kind: "machine", machine: { ...idle, state: "draining" } }] as const;
    const refused = guardsOf(world, { kind: "drain", subject: "web-9", changes });
    assert.deepEqual(refused, ["one at a time"]);
  });

  it("refuses to shrink on missing figures", () => {
    const world = aRunningWorld();
    const role = world.inventory.roles.get("web");
    assert.ok(role);
    world.inventory = {
      ...world.inventory,
      roles: new Map([["web", { ...role, target: 4 }]]),
    };
    const changes = [{ kind: "role", role: { ...role, target: 3 } }] as const;
    assert.deepEqual(guardsOf(world, { changes }), ["fresh figures"]);
    world.load.set("web", [
      {
        at: world.now,
        inFlight: 0,
        queue: 0,
        requestsPerSecond: 0,
        serversUp: 2,
        latency: null,
        metrics: {},
      },
    ]);
    assert.deepEqual(guardsOf(world, { changes }), []);
  });

  it("refuses to launch what is not on record", () => {
    const effect = { kind: "launch", machine: "web-7", role: "web", number: 7 } as const;
    assert.deepEqual(guardsOf(aRunningWorld(), { kind: "launch", effect }), ["intent first"]);
  });

  it("refuses to leave the site file's bounds", () => {
    const world = aRunningWorld();
    const role = world.inventory.roles.get("web");
    assert.ok(role);
    const changes = [{ kind: "role", role: { ...role, target: 6 } }] as const;
    assert.deepEqual(guardsOf(world, { changes }), ["bounds"]);
  });

  it("lets the actions after a refused one be judged as if it had not been", () => {
    const world = aRunningWorld();
    const bad: Action = { kind: "scale", subject: "web", reason: "", changes: [], effect: null };
    const checked = checkPlan(observe(world), [bad, { ...bad, reason: "fine" }], world.now);
    assert.equal(checked.allowed.length, 1);
    assert.equal(checked.refused.length, 1);
  });
});
