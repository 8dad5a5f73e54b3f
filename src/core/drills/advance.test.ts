import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import {
  beginDeploy,
  commit,
  createWorld,
  observe,
  servingServers,
  settle,
  tick,
  tickUntil,
} from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import { takeRoster, takeSight } from "../roster.ts";
import type { Roster } from "../roster.ts";
import { advanceDrill, isReconnectDue, reasonToStop } from "./advance.ts";
import { beginDrill, decideDrill } from "./decide.ts";
import type { DrillKind, DrillRecord } from "./record.ts";
import { runningDrill } from "./sight.ts";

const goal = { failedMax: 0, detectedMs: null, replacedMs: null, capacityMs: null };

/** Two web machines where one must be, and a drill that has just begun. */
function aDrilledWorld(kind: DrillKind): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: 1, max: 3 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  commit(world, [{ kind: "role", role: { ...role, target: 2 } }]);
  settle(world);
  const times = { cutMs: 5_000, limitMs: 60_000 };
  const wish = { kind, role: null, goal, ...times, by: "ada", startsController: true };
  const means = { objectionToCut: null, standbys: 0, epoch: 1 };
  const decision = decideDrill(observe(world), wish, means, world.now);
  assert.equal(decision.kind, "go");
  if (decision.kind !== "go") return world;
  const begun = beginDrill(world.inventory, decision.drill);
  commit(world, begun.kind === "done" ? begun.changes : []);
  return world;
}

function rosterOf(world: World): Roster {
  const observed = observe(world);
  return takeRoster(observed, observed.inventory, takeSight(observed), world.now);
}

/** What the controller does after each tick. */
function look(world: World, epoch = 1): DrillRecord {
  const drill = runningDrill(world.inventory);
  assert.ok(drill);
  const next = advanceDrill(drill, rosterOf(world), epoch);
  if (next !== drill) commit(world, [{ kind: "drill", drill: next }]);
  return next;
}

function watch(world: World): DrillRecord {
  tickUntil(world, () => look(world).milestones.capacityAt !== null, "the site is whole again");
  return look(world);
}

describe("what is seen of a drill", () => {
  it("nothing, while nothing has happened", () => {
    for (const kind of ["machine", "balancer", "controller"] as const) {
      const world = aDrilledWorld(kind);
      for (let round = 0; round < 20; round++) tick(world);
      const { milestones } = look(world);
      assert.deepEqual(Object.values(milestones), [null, null, null, null], kind);
    }
  });

  it("machine: noticed, then replaced by another, then whole", () => {
    const world = aDrilledWorld("machine");
    world.machines.delete("web-1");
    const { milestones, startedAt } = watch(world);
    const { detectedAt, replacedAt, capacityAt } = milestones;
    assert.ok(detectedAt !== null && replacedAt !== null && capacityAt !== null);
    assert.ok(startedAt <= detectedAt && detectedAt < replacedAt && replacedAt <= capacityAt);
    assert.equal(servingServers(world, "web"), 2);
  });

  it("a milestone that was seen stays as it was", () => {
    const world = aDrilledWorld("machine");
    world.machines.delete("web-1");
    const first = watch(world).milestones;
    for (let round = 0; round < 20; round++) tick(world);
    assert.deepEqual(look(world).milestones, first);
  });

  it("controller: another acts, and sees the site whole", () => {
    const world = aDrilledWorld("controller");
    tick(world);
    assert.equal(look(world).milestones.replacedAt, null);
    const { replacedAt, capacityAt } = look(world, 2).milestones;
    assert.equal(replacedAt, world.now);
    assert.equal(capacityAt, world.now);
  });

  it("network: not whole before the machine is connected again", () => {
    const world = aDrilledWorld("network");
    const drill = look(world);
    const { startedAt } = drill;
    assert.equal(isReconnectDue(drill, startedAt + 4_999), false);
    assert.equal(isReconnectDue(drill, startedAt + 5_000), true);
    assert.equal(isReconnectDue({ ...drill, state: "stopped" }, startedAt + 1), true);
    assert.equal(drill.milestones.capacityAt, null);
    const back = { ...drill, milestones: { ...drill.milestones, reconnectedAt: world.now } };
    assert.equal(isReconnectDue(back, startedAt + 9_000), false);
    commit(world, [{ kind: "drill", drill: back }]);
    assert.equal(look(world).milestones.capacityAt, world.now);
  });

  it("deploy: every server is replaced one after the other, and none is lost", () => {
    const world = aDrilledWorld("deploy");
    const before = [...world.inventory.servers.keys()];
    let servedMin = Infinity;
    tickUntil(
      world,
      () => {
        servedMin = Math.min(servedMin, servingServers(world, "web"));
        return look(world).milestones.capacityAt !== null;
      },
      "every server is new",
    );
    assert.equal(servedMin, 2);
    const after = [...world.inventory.servers.values()];
    assert.equal(after.length, 2);
    assert.ok(after.every(({ id, revision }) => !before.includes(id) && revision === "r1"));
    assert.deepEqual(world.requestsLost, []);
    assert.deepEqual(world.refusals, []);
    assert.equal(world.inventory.deploys.size, 1, "it is no deploy");
    const drill = look(world);
    commit(world, [{ kind: "drill", drill: { ...drill, state: "passed" } }]);
    assert.deepEqual(tick(world).actions, []);
  });

  it("it is stopped when the site goes down, and when nobody ends it", () => {
    const world = aDrilledWorld("machine");
    const drill = look(world);
    assert.equal(reasonToStop(drill, rosterOf(world)), null);
    world.now = drill.startedAt + drill.limitMs + 30_001;
    assert.match(reasonToStop(drill, rosterOf(world)) ?? "", /has not ended it/);
    const { settings } = world.inventory;
    commit(world, [{ kind: "settings", settings: { ...settings, phase: "down" } }]);
    assert.match(reasonToStop(drill, rosterOf(world)) ?? "", /taken down/);
  });
});
