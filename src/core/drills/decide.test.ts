import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, observe, settle } from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import type { Site } from "../desired.ts";
import { beginDrill, decideDrill } from "./decide.ts";
import type { DrillMeans, DrillWish } from "./decide.ts";
import type { DrillKind, DrillRecord } from "./record.ts";

const goal = { failedMax: 0, detectedMs: null, replacedMs: 30_000, capacityMs: null };
const means: DrillMeans = { objectionToCut: null, standbys: 0, epoch: 1 };

function aWish(kind: DrillKind, more: Partial<DrillWish> = {}): DrillWish {
  const by = "ada";
  const times = { cutMs: 5_000, limitMs: 60_000 };
  return { kind, role: null, goal, ...times, by, startsController: true, ...more };
}

/** One web machine, which may be three, unless said otherwise. */
function aWorld(machines = { min: 1, max: 3 }, target = 2, more: Partial<Site> = {}): World {
  const world = createWorld({ ...aSite([aRole("web", { machines })]), ...more });
  beginDeploy(world, "web", "r1");
  settle(world);
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  commit(world, [{ kind: "role", role: { ...role, target } }]);
  settle(world);
  return world;
}

function decide(world: World, wish: DrillWish, other: Partial<DrillMeans> = {}) {
  return decideDrill(observe(world), wish, { ...means, ...other }, world.now);
}

function refusal(world: World, wish: DrillWish, other: Partial<DrillMeans> = {}) {
  const decision = decide(world, wish, other);
  assert.equal(decision.kind, "refused", JSON.stringify(decision));
  return decision.kind === "refused" ? `${decision.guard}: ${decision.message}` : "";
}

function granted(world: World, wish: DrillWish, other: Partial<DrillMeans> = {}): DrillRecord {
  const decision = decide(world, wish, other);
  assert.equal(decision.kind, "go", JSON.stringify(decision));
  return decision.kind === "go" ? decision.drill : assert.fail();
}

const kinds = ["machine", "balancer", "controller", "network", "deploy"] as const;

describe("may the site be drilled?", () => {
  it("yes, of every kind, where one machine more serves than must", () => {
    const world = aWorld();
    const hit = kinds.map((kind) => granted(world, aWish(kind)).machine);
    assert.deepEqual(hit, ["web-1", "lb-1", null, "web-1", null]);
    assert.equal(granted(world, aWish("machine")).before.serving, 2);
  });

  it("no, when the role would fall below its minimum, and then it says what to do", () => {
    const said = refusal(aWorld({ min: 1, max: 3 }, 1), aWish("machine"));
    assert.match(said, /minimum: web would serve with 0, its minimum is 1: `tidemill scale web=2`/);
    assert.match(
      refusal(aWorld({ min: 2, max: 2 }), aWish("network")),
      /raise its maximum above 2/,
    );
  });

  it("no, when it is the only balancer that would die with its machine", () => {
    const wish = aWish("machine", { role: "balancer" });
    assert.match(refusal(aWorld(), wish), /only balancer: .* nothing answers until/);
    const netns = aWorld(undefined, undefined, { provider: "netns" });
    assert.match(refusal(netns, wish), /its successor has another address/);
    const { balancer } = aSite([]);
    const two = aWorld(undefined, undefined, { balancer: { ...balancer, machines: 2 } });
    assert.match(
      refusal(two, wish),
      /minimum: the site file wants 2 balancers, and 1 would be left/,
    );
  });

  it("no, where the provider cannot make the fault", () => {
    const objectionToCut = "provider local cannot cut a machine off; provider netns can";
    assert.equal(
      refusal(aWorld(), aWish("network"), { objectionToCut }),
      `provider: ${objectionToCut}`,
    );
    granted(aWorld(), aWish("machine"), { objectionToCut });
  });

  it("no, when nobody would carry on for the controller", () => {
    const alone = aWish("controller", { startsController: false });
    assert.match(refusal(aWorld(), alone), /successor: no other controller stands by/);
    assert.equal(granted(aWorld(), alone, { standbys: 1 }).successor, "standby");
    assert.equal(granted(aWorld(), aWish("controller")).successor, "starter");
  });

  it("no, while a deploy or another drill runs, in maintenance, and when it goes down", () => {
    for (const kind of kinds) {
      const world = aWorld();
      beginDeploy(world, "web", "r2");
      assert.match(refusal(world, aWish(kind)), /^deploy: deploy 2 is not over/);
    }
    const drilled = aWorld();
    const begun = beginDrill(drilled.inventory, granted(drilled, aWish("machine")));
    commit(drilled, begun.kind === "done" ? begun.changes : []);
    assert.match(refusal(drilled, aWish("deploy")), /one drill: drill 1, begun by ada, runs/);
    const world = aWorld();
    const { settings } = world.inventory;
    commit(world, [{ kind: "settings", settings: { ...settings, isMaintenanceOn: true } }]);
    assert.match(refusal(world, aWish("deploy")), /maintenance is on/);
    commit(world, [{ kind: "settings", settings: { ...settings, phase: "down" } }]);
    assert.match(refusal(world, aWish("deploy")), /being taken down/);
  });

  it("no, while a machine does not serve or is missing", () => {
    const world = aWorld();
    const machine = world.machines.get("web-2");
    assert.ok(machine);
    machine.processes.clear();
    assert.match(
      refusal(world, aWish("controller")),
      /not whole: the site is not whole: web-2 does/,
    );
    const few = aWorld();
    const role = few.inventory.roles.get("web");
    assert.ok(role);
    commit(few, [{ kind: "role", role: { ...role, target: 3 } }]);
    assert.match(refusal(few, aWish("machine")), /web has 2 of 3 machines/);
  });

  it("no such role is unknown, and HAProxy is not deployed", () => {
    const decision = decide(aWorld(), aWish("machine", { role: "api" }));
    assert.deepEqual(decision, { kind: "unknown", message: "there is no role api; roles: web" });
    assert.match(refusal(aWorld(), aWish("deploy", { role: "balancer" })), /`drill balancer`/);
  });

  it("the history keeps the newest 500", () => {
    const world = aWorld();
    const drill = granted(world, aWish("machine"));
    const old = Array.from({ length: 500 }, (_, index) => ({ ...drill, id: index + 1 }));
    const over = old.map((it): DrillRecord => ({ ...it, state: "passed" }));
    commit(
      world,
      over.map((it) => ({ kind: "drill" as const, drill: it })),
    );
    const next = granted(world, aWish("machine"));
    assert.equal(next.id, 501);
    const begun = beginDrill(world.inventory, next);
    commit(world, begun.kind === "done" ? begun.changes : []);
    assert.equal(world.inventory.drills.size, 500);
    assert.equal(world.inventory.drills.has(1), false);
  });
});
