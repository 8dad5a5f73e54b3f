import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aRole, aSite } from "../../test/sim/site.ts";
import {
  beginDeploy,
  commit,
  createWorld,
  revisionsRunning,
  servingServers,
  settle,
  tick,
  tickUntil,
} from "../../test/sim/world.ts";
import type { World } from "../../test/sim/world.ts";
import type { MachineRecord, RoleRecord } from "./inventory.ts";

function aRunningWorld(machines: number): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: machines, max: 10 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function setTarget(world: World, target: number): void {
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  const next: RoleRecord = { ...role, target, targetReason: "scaled by hand", targetAt: world.now };
  commit(world, [{ kind: "role", role: next }]);
}

function mark(world: World, name: string, wish: MachineRecord["mark"]): void {
  const machine = world.inventory.machines.get(name);
  assert.ok(machine);
  commit(world, [{ kind: "machine", machine: { ...machine, mark: wish } }]);
}

function assertNothingLost(world: World): void {
  assert.deepEqual(world.requestsLost, []);
  assert.deepEqual(world.refusals, []);
}

describe("plan", () => {
  it("brings a new site up: a balancer, its machines, and the first release on them", () => {
    const world = aRunningWorld(2);
    assert.equal(servingServers(world, "web"), 2);
    assert.deepEqual([...world.inventory.machines.keys()].sort(), ["lb-1", "web-1", "web-2"]);
    assert.equal(world.inventory.deploys.get(1)?.state, "done");
    assert.equal(world.inventory.roles.get("web")?.revision, "r1");
    assertNothingLost(world);
  });

  it("wants nothing more once its plan is applied", () => {
    const world = aRunningWorld(3);
    assert.deepEqual(tick(world).actions, []);
  });

  it("deploys one machine after the other and never lowers the number that serves", () => {
    const world = aRunningWorld(4);
    beginDeploy(world, "web", "r2");
    tickUntil(
      world,
      () => {
        assert.ok(servingServers(world, "web") >= 4);
        return world.inventory.deploys.get(2)?.state === "done";
      },
      "deploys",
    );
    settle(world);
    assert.deepEqual([...revisionsRunning(world, "web")], ["r2"]);
    assert.equal(servingServers(world, "web"), 4);
    assertNothingLost(world);
  });

  it("goes back by itself when the new release never gets healthy, and says why with its last lines", () => {
    const world = aRunningWorld(3);
    world.broken.add("bad");
    beginDeploy(world, "web", "bad");
    tickUntil(
      world,
      () => {
        assert.ok(servingServers(world, "web") >= 3);
        return world.inventory.deploys.get(2)?.state === "reverted";
      },
      "reverts",
    );
    const failure = world.inventory.deploys.get(2)?.failure;
    assert.match(failure?.message ?? "", /web-1\.\d+ was not healthy within 10 s/);
    assert.deepEqual(failure?.lastLines, ["said by the process"]);
    settle(world);
    assert.deepEqual([...revisionsRunning(world, "web")], ["r1"]);
    assertNothingLost(world);
  });

  it("goes back when the new release answers with more errors than the old one", () => {
    const deploy = { ...aRole("web").deploy, settleMs: 1_000 };
    const world = createWorld(aSite([aRole("web", { deploy, machines: { min: 3, max: 10 } })]));
    world.faulty.set("r1", 0.02);
    beginDeploy(world, "web", "r1");
    settle(world);
    world.faulty.set("r2", 0.03);
    beginDeploy(world, "web", "r2");
    settle(world);
    assert.equal(world.inventory.deploys.get(2)?.state, "done");
    world.faulty.set("r3", 0.2);
    beginDeploy(world, "web", "r3");
    settle(world);
    const reverted = world.inventory.deploys.get(3);
    assert.equal(reverted?.state, "reverted");
    assert.match(reverted?.failure?.message ?? "", /^20 % of the new release's answers are errors/);
    assert.deepEqual([...revisionsRunning(world, "web")], ["r2"]);
    assertNothingLost(world);
  });

  it("takes machines back that had already changed when a later wave fails", () => {
    const world = aRunningWorld(3);
    beginDeploy(world, "web", "r2");
    tickUntil(
      world,
      () =>
        revisionsOf(world, "web-1").has("r2") &&
        servingServers(world, "web") === 3 &&
        !revisionsOf(world, "web-1").has("r1"),
      "first wave",
    );
    world.broken.add("r2");
    tickUntil(world, () => world.inventory.deploys.get(2)?.state === "reverted", "reverts", 2000);
    settle(world);
    assert.deepEqual([...revisionsRunning(world, "web")], ["r1"]);
    assert.equal(world.inventory.roles.get("web")?.revision, "r1");
  });

  it("runs the hook before a deploy once, and changes nothing when it fails", () => {
    const deploy = { ...aRole("web").deploy, before: "migrate --fail" };
    const world = createWorld(aSite([aRole("web", { deploy })]));
    beginDeploy(world, "web", "r1");
    tickUntil(world, () => world.inventory.deploys.get(1)?.state === "failed", "fails");
    const { failure } = world.inventory.deploys.get(1) ?? {};
    assert.match(failure?.message ?? "", /hook before the deploy of web failed: migrate --fail/);
    assert.deepEqual(failure?.lastLines, ["said by the hook"]);
    assert.equal(world.log.filter((line) => line.startsWith("start ")).length, 0);
  });

  it("deploys every instance of a machine, and takes one away when the site file wants fewer", () => {
    const site = (instances: number) =>
      aSite([aRole("web", { instances, machines: { min: 2, max: 10 } })]);
    const world = createWorld(site(2));
    beginDeploy(world, "web", "r1");
    settle(world);
    assert.equal(servingServers(world, "web"), 4);
    beginDeploy(world, "web", "r2");
    settle(world);
    assert.deepEqual([...revisionsRunning(world, "web")], ["r2"]);
    assert.equal(servingServers(world, "web"), 4);
    const { settings } = world.inventory;
    commit(world, [{ kind: "settings", settings: { ...settings, site: site(1) } }]);
    settle(world);
    assert.equal(servingServers(world, "web"), 2);
    assertNothingLost(world);
  });

  it("gives a machine launched during a deploy the release that has proven itself", () => {
    const world = aRunningWorld(3);
    beginDeploy(world, "web", "r2");
    tickUntil(
      world,
      () => revisionsRunning(world, "web").has("r2") && servingServers(world, "web") === 4,
      "first wave serves",
    );
    setTarget(world, 4);
    tickUntil(world, () => world.machines.get("web-4")?.processes.size === 1, "web-4 starts");
    assert.deepEqual([...revisionsOf(world, "web-4")], ["r2"]);
    settle(world);
    assertNothingLost(world);
  });

  it("replaces a machine that died", () => {
    const world = aRunningWorld(2);
    world.machines.delete("web-1");
    settle(world);
    assert.deepEqual([...world.inventory.machines.keys()].sort(), ["lb-1", "web-2", "web-3"]);
    assert.equal(servingServers(world, "web"), 2);
    assert.ok(world.log.includes("forget web-1: the provider no longer has it"));
  });

  it("starts a dead agent again without touching what runs", () => {
    const world = aRunningWorld(2);
    const machine = world.machines.get("web-1");
    assert.ok(machine);
    const processes = [...machine.processes.keys()];
    machine.isAgentAlive = false;
    tick(world);
    settle(world);
    assert.deepEqual([...(world.machines.get("web-1")?.processes.keys() ?? [])], processes);
    assert.equal(world.inventory.machines.size, 3);
  });

  it("drains before it gives a machine back, the newest first", () => {
    const world = aRunningWorld(1);
    setTarget(world, 3);
    settle(world);
    assert.equal(servingServers(world, "web"), 3);
    setTarget(world, 2);
    settle(world);
    assert.deepEqual([...world.inventory.machines.keys()].sort(), ["lb-1", "web-1", "web-2"]);
    assertNothingLost(world);
  });

  it("replaces by hand only when the successor serves", () => {
    const world = aRunningWorld(1);
    mark(world, "web-1", "replace");
    tickUntil(
      world,
      () => {
        assert.ok(servingServers(world, "web") >= 1);
        return !world.inventory.machines.has("web-1");
      },
      "replaces",
    );
    assertNothingLost(world);
  });

  it("keeps a machine drained by hand, and lets it serve again", () => {
    const world = aRunningWorld(2);
    mark(world, "web-1", "drain");
    settle(world);
    const drained = world.inventory.machines.get("web-1");
    assert.equal(drained?.state, "draining");
    assert.equal(world.machines.get("web-1")?.processes.size, 0);
    assert.equal(servingServers(world, "web"), 2);
    assert.ok(drained);
    commit(world, [{ kind: "machine", machine: { ...drained, mark: null, state: "running" } }]);
    settle(world);
    assert.equal(servingServers(world, "web"), 2);
    assertNothingLost(world);
  });

  it("removes a machine of ours that nobody has on record", () => {
    const world = aRunningWorld(1);
    const stray = world.machines.get("web-1");
    assert.ok(stray);
    world.machines.set("web-77", { ...stray, name: "web-77" });
    settle(world);
    assert.ok(!world.machines.has("web-77"));
  });

  it("records a drain before it ends it, because a balancer may come up in between", () => {
    const world = aRunningWorld(1);
    setTarget(world, 2);
    settle(world);
    world.launchFails = (name) => name.startsWith("lb-");
    world.machines.delete("lb-1");
    tickUntil(world, () => !world.inventory.machines.has("lb-1"), "the balancer is gone");
    mark(world, "web-2", "remove");
    setTarget(world, 1);
    const kinds = tick(world).actions.map(({ kind, subject }) => `${kind} ${subject}`);
    assert.ok(kinds.includes("drain web-2"), kinds.join(", "));
    assert.ok(!kinds.some((it) => it.startsWith("stop web-2")), kinds.join(", "));
    tickUntil(world, () => !world.machines.has("web-2"), "it leaves in the end");
  });

  it("drains the machines of a role that left the site file", () => {
    const roles = [aRole("web"), aRole("blog")];
    const world = createWorld(aSite(roles));
    beginDeploy(world, "web", "r1");
    settle(world);
    beginDeploy(world, "blog", "b1");
    settle(world);
    assert.equal(servingServers(world, "blog"), 1);
    const site = aSite(roles.slice(0, 1));
    commit(world, [{ kind: "settings", settings: { ...world.inventory.settings, site } }]);
    settle(world);
    assert.deepEqual([...world.inventory.machines.keys()].sort(), ["lb-1", "web-1"]);
    assertNothingLost(world);
  });

  it("leaves nothing when the site is taken down", () => {
    const world = aRunningWorld(3);
    commit(world, [{ kind: "settings", settings: { ...world.inventory.settings, phase: "down" } }]);
    settle(world);
    assert.equal(world.machines.size, 0);
    assert.equal(world.inventory.machines.size, 0);
    assert.equal(world.inventory.servers.size, 0);
  });

  it("loses no request and recovers, whatever is scaled, deployed, marked or killed in between", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("scale" as const), to: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constant("deploy" as const), isBad: fc.boolean() }),
      fc.record({
        kind: fc.constant("mark" as const),
        nth: fc.nat(5),
        as: fc.constantFrom("drain" as const, "replace" as const, "remove" as const),
      }),
      fc.record({ kind: fc.constant("kill" as const), nth: fc.nat(7) }),
      fc.record({ kind: fc.constant("agent" as const), nth: fc.nat(7) }),
      fc.record({ kind: fc.constant("wait" as const), ticks: fc.integer({ min: 1, max: 40 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const world = aRunningWorld(2);
        let release = 2;
        for (const wish of steps) {
          const machines = [...world.inventory.machines.values()];
          if (wish.kind === "scale") setTarget(world, wish.to);
          if (wish.kind === "wait") for (let i = 0; i < wish.ticks; i++) tick(world);
          if (wish.kind === "deploy" && !isDeploying(world)) {
            const id = `r${release++}`;
            if (wish.isBad) world.broken.add(id);
            beginDeploy(world, "web", id);
          }
          if (wish.kind === "mark") {
            const web = machines.filter((m) => m.role === "web" && m.state === "running");
            const chosen = web[wish.nth % Math.max(web.length, 1)];
            if (chosen !== undefined) mark(world, chosen.name, wish.as);
          }
          const victim =
            wish.kind === "kill" || wish.kind === "agent"
              ? machines[wish.nth % machines.length]
              : undefined;
          if (wish.kind === "kill" && victim) world.machines.delete(victim.name);
          const agent =
            wish.kind === "agent" && victim ? world.machines.get(victim.name) : undefined;
          if (agent) agent.isAgentAlive = false;
          tick(world);
        }
        settle(world, 3000);
        assertNothingLost(world);
        const target = Math.max(2, world.inventory.roles.get("web")?.target ?? 0);
        assert.equal(servingServers(world, "web"), target);
        assert.ok(!isDeploying(world));
        assert.equal(revisionsRunning(world, "web").size, 1);
      }),
      { numRuns: 400 },
    );
  });
});

function isDeploying(world: World): boolean {
  return [...world.inventory.deploys.values()].some(
    (d) => d.state === "running" || d.state === "reverting",
  );
}

function revisionsOf(world: World, machine: string): ReadonlySet<string> {
  return new Set(
    [...(world.machines.get(machine)?.processes.values() ?? [])].map((p) => p.revision),
  );
}
