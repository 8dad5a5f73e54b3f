import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, settle, tick } from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import { bootSecondsOf } from "./boot-times.ts";

function aWorld(): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 40 } })]));
  world.now = 100_000_000;
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function bootsOf(world: World): readonly number[] {
  return world.inventory.roles.get("web")?.bootsMs ?? [];
}

function setTarget(world: World, target: number): void {
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  commit(world, [{ kind: "role", role: { ...role, target, targetAt: world.now } }]);
}

function setBoots(world: World, bootsMs: readonly number[]): void {
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  commit(world, [{ kind: "role", role: { ...role, bootsMs } }]);
}

describe("boot times", () => {
  it("are learned from the launch to serving, once for each machine", () => {
    const world = aWorld();
    const first = bootsOf(world);
    assert.equal(first.length, 2);
    assert.ok(first.every((bootMs) => bootMs > 1_000 && bootMs < 60_000));
    const { launchedAt, servingAt } = world.inventory.machines.get("web-1") ?? {};
    assert.equal((servingAt ?? 0) - (launchedAt ?? 0), first[0]);
    for (let i = 0; i < 10; i++) tick(world);
    assert.deepEqual(bootsOf(world), first);
    setTarget(world, 5);
    settle(world);
    assert.equal(bootsOf(world).length, 5);
    assert.ok(bootSecondsOf(world.inventory, "balancer") !== null);
  });

  it("are those of nine in ten of the last twenty", () => {
    const world = aWorld();
    setBoots(world, []);
    assert.equal(bootSecondsOf(world.inventory, "web"), null);
    assert.equal(bootSecondsOf(world.inventory, "nobody"), null);
    setBoots(world, [4_000]);
    assert.equal(bootSecondsOf(world.inventory, "web"), 4);
    const twenty = Array.from({ length: 20 }, (_, i) => (20 - i) * 1_000);
    setBoots(world, twenty);
    assert.equal(bootSecondsOf(world.inventory, "web"), 18);
    setTarget(world, 3);
    settle(world);
    assert.equal(bootsOf(world).length, 20);
    assert.deepEqual(bootsOf(world).slice(0, 19), twenty.slice(1));
  });

  it("are not learned from a machine that had to be asked for again", () => {
    const world = aWorld();
    const before = bootsOf(world);
    let left = 3;
    world.launchFails = () => left-- > 0;
    setTarget(world, 3);
    settle(world);
    assert.equal(left < 0, true);
    assert.ok(world.inventory.machines.get("web-3")?.servingAt);
    assert.deepEqual(bootsOf(world), before);
  });

  it("are not learned while a deploy lets its machines wait", () => {
    const world = aWorld();
    const before = bootsOf(world);
    beginDeploy(world, "web", "r2");
    setTarget(world, 3);
    settle(world);
    assert.ok(world.inventory.machines.get("web-3")?.servingAt);
    assert.deepEqual(bootsOf(world), before);
    setTarget(world, 4);
    settle(world);
    assert.equal(bootsOf(world).length, before.length + 1);
  });

  it("are not learned from machines that waited for a first release that works", () => {
    const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 40 } })]));
    world.now = 100_000_000;
    world.broken.add("bad");
    beginDeploy(world, "web", "bad");
    settle(world);
    const role = world.inventory.roles.get("web");
    assert.ok(role);
    commit(world, [{ kind: "role", role: { ...role, revision: null } }]);
    beginDeploy(world, "web", "good");
    settle(world);
    assert.ok(world.inventory.machines.get("web-1")?.servingAt);
    assert.deepEqual(bootsOf(world), []);
    setTarget(world, 3);
    settle(world);
    assert.equal(bootsOf(world).length, 1);
  });

  it("are not learned when the clock was set meanwhile", () => {
    for (const jumpMs of [3_600_000, -3_600_000]) {
      const world = aWorld();
      const before = bootsOf(world);
      setTarget(world, 3);
      tick(world);
      const machine = world.inventory.machines.get("web-3");
      assert.ok(machine);
      const launchedAt = world.now - jumpMs;
      commit(world, [{ kind: "machine", machine: { ...machine, launchedAt } }]);
      settle(world);
      assert.deepEqual(bootsOf(world), before);
    }
  });
});
