import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import {
  beginDeploy,
  commit,
  createWorld,
  observe,
  settle,
  tick,
} from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import type { Observed } from "../observed.ts";
import type { TaskReport } from "../report.ts";
import { plan } from "../plan.ts";
import { documentsFor } from "../traffic/documents.ts";
import { touchedMachines } from "../touched.ts";
import { beginOneOff, decideOneOff, stopOneOff } from "./order.ts";
import type { OneOffWish } from "./order.ts";
import type { OneOffRecord } from "./record.ts";

const wish = { where: "web", run: "npm run migrate", timeoutMs: 60_000, by: "ada" };

function aServingWorld(): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 3 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function begin(world: World, more: Partial<OneOffWish> = {}): OneOffRecord {
  const decision = decideOneOff(observe(world), { ...wish, ...more }, world.now);
  assert.equal(decision.kind, "go");
  if (decision.kind !== "go") throw new Error("refused");
  const outcome = beginOneOff(decision.record);
  commit(world, outcome.kind === "done" ? outcome.changes : []);
  return decision.record;
}

function tasksOn(world: World, machine: string): readonly string[] {
  const documents = documentsFor(world.inventory, [...world.inventory.machines.values()], (s) => s);
  const own = documents.find((document) => document.machine === machine);
  return (own?.tasks ?? []).map(({ id, run, release }) => `${id} ${run} ${release.id}`);
}

/** The machine's agent says so of its task. */
function reporting(world: World, machine: string, task: TaskReport): Observed {
  const observed = observe(world);
  const agent = observed.agents.get(machine);
  assert.ok(agent?.report);
  const report = { ...agent.report, tasks: [task] };
  return { ...observed, agents: new Map(observed.agents).set(machine, { ...agent, report }) };
}

function planned(observed: Observed, now: number): readonly string[] {
  const runs = plan(observed, now).actions.filter(({ kind }) => kind === "run");
  return runs.map(({ subject, reason }) => `${subject}: ${reason}`);
}

describe("a command that is run once", () => {
  it("is a task of one machine's document, with what the role runs, until it has ended", () => {
    const world = aServingWorld();
    const { machine, id, revision } = begin(world);
    const release = world.inventory.revisions.get(revision)?.release ?? "";
    assert.deepEqual(tasksOn(world, machine), [`run-${id} npm run migrate ${release}`]);
    assert.deepEqual(planned(observe(world), world.now), []);
    const done = { id: `run-${id}`, state: "done", exitCode: 0, lastLines: ["migrated"] } as const;
    const observed = reporting(world, machine, done);
    assert.deepEqual(planned(observed, world.now), [`${machine}: run ${id} is done`]);
    commit(
      world,
      plan(observed, world.now).actions.flatMap(({ changes }) => changes),
    );
    assert.deepEqual(world.inventory.oneOffs.get(id)?.lastLines, ["migrated"]);
    assert.deepEqual(tasksOn(world, machine), []);
  });

  it("fails with its exit code, and when its machine is gone", () => {
    const world = aServingWorld();
    const { machine, id } = begin(world);
    const failed = { id: `run-${id}`, state: "failed", exitCode: 3, lastLines: [] } as const;
    const observed = reporting(world, machine, failed);
    assert.deepEqual(planned(observed, world.now), [
      `${machine}: run ${id} failed with exit code 3`,
    ]);
    world.machines.delete(machine);
    settle(world);
    const ended = world.inventory.oneOffs.get(id);
    assert.deepEqual([ended?.state, ended?.lastLines], ["failed", ["Its machine is gone"]]);
  });

  it("is not waited for when its machine never says that it has ended", () => {
    const world = aServingWorld();
    const { machine, id } = begin(world);
    const running = { id: `run-${id}`, state: "running", exitCode: null, lastLines: [] } as const;
    const at = (later: number) => {
      world.now += later;
      return planned(reporting(world, machine, running), world.now);
    };
    assert.deepEqual(at(wish.timeoutMs + 10_000), [], "its agent may still be ending it");
    assert.deepEqual(at(30_000), [`${machine}: run ${id} failed`]);
  });

  it("goes to the machine that is named, and is stopped where it is", () => {
    const world = aServingWorld();
    const { machine, id } = begin(world, { where: "web-2" });
    assert.equal(machine, "web-2");
    const outcome = stopOneOff(observe(world), id, "ada", world.now);
    assert.equal(outcome.kind, "done");
    if (outcome.kind !== "done") return;
    const touched = touchedMachines(world.inventory, outcome.changes);
    assert.ok(touched !== "all" && touched.has("web-2"));
    commit(world, outcome.changes);
    assert.deepEqual(tasksOn(world, "web-2"), []);
    assert.equal(stopOneOff(observe(world), id, "ada", world.now).kind, "refused");
  });

  it("is refused where nothing of the site's runs, and names what there is", () => {
    const world = aServingWorld();
    const where = (name: string) =>
      decideOneOff(observe(world), { ...wish, where: name }, world.now);
    assert.equal(where("lb-1").kind, "refused");
    const nowhere = where("wbe");
    assert.equal(nowhere.kind, "unknown");
    if (nowhere.kind !== "unknown") return;
    assert.equal(nowhere.message, "there is no role or machine wbe; there are: web, web-1, web-2");
    for (let count = 0; count < 5; count++) begin(world, { where: "web-1" });
    assert.equal(where("web-1").kind, "refused");
  });

  it("keeps the release it runs in, and the last fifty are kept of those that have ended", () => {
    const world = aServingWorld();
    const first = begin(world);
    const old = world.inventory.revisions.get(first.revision);
    assert.ok(old);
    const stray = { ...old, id: "stray" };
    commit(world, [
      { kind: "revision", revision: stray },
      { kind: "one-off", oneOff: { ...first, revision: "stray" } },
    ]);
    const pruned = () =>
      plan(observe(world), world.now).actions.filter(({ kind }) => kind === "prune");
    assert.deepEqual(pruned(), []);
    const ended = Array.from({ length: 60 }, (_, at): OneOffRecord => {
      return { ...first, id: 100 + at, state: "done", finishedAt: world.now };
    });
    commit(world, [
      { kind: "one-off", oneOff: { ...first, state: "stopped" } },
      ...ended.map((oneOff) => ({ kind: "one-off", oneOff }) as const),
    ]);
    assert.deepEqual(
      pruned().map(({ subject }) => subject),
      ["stray"],
    );
    tick(world);
    assert.equal(world.inventory.oneOffs.size, 50);
  });
});
