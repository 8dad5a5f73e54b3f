import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aRole, aSite } from "../../test/sim/site.ts";
import { beginDeploy, createWorld, settle, tick, tickUntil } from "../../test/sim/world.ts";
import type { World } from "../../test/sim/world.ts";
import { believed } from "./received/believed.ts";
import type { AgentReport, ProcessReport } from "./report.ts";
import { activeDeploy } from "./roster.ts";

const liar = "web-2";
/** Every wait of a deploy there and back, and twice that for what goes on after it. */
const ticksMax = 4_000;

/** What an agent says all the time, each field apart. */
interface Lie {
  readonly state: ProcessReport["state"] | "truth";
  readonly since: "now" | "future" | "past" | "truth";
  /** `all`: processes of every id there may be. `none`: none. */
  readonly processes: "all" | "none" | "truth";
  readonly port: "moves" | "none" | "truth";
  readonly restartWanted: string | null;
  readonly restarts: number;
  readonly isDown: boolean;
}

const anyLie: fc.Arbitrary<Lie> = fc.record({
  state: fc.constantFrom("truth", "healthy", "starting", "unhealthy", "waiting", "unmonitored"),
  since: fc.constantFrom("now", "future", "past", "truth"),
  processes: fc.constantFrom("all", "none", "truth", "truth"),
  port: fc.constantFrom("moves", "none", "truth", "truth"),
  restartWanted: fc.constantFrom(null, "it leaks"),
  restarts: fc.constantFrom(0, 0, 9),
  isDown: fc.boolean(),
});

const truth: Lie = {
  state: "truth",
  since: "truth",
  processes: "truth",
  port: "truth",
  restartWanted: null,
  restarts: 0,
  isDown: false,
};

/** Each keeps whoever believes it waiting for ever. */
const slowLies: readonly Lie[] = [
  { ...truth, since: "future", isDown: true },
  { ...truth, since: "now", isDown: true },
  { ...truth, processes: "all" },
  { ...truth, processes: "none" },
];

function told(lie: Lie, truth: AgentReport, now: number): AgentReport {
  const sinces = { now, future: 8_640_000_000_000_000, past: 0 };
  const lieOf = (process: ProcessReport): ProcessReport => ({
    ...process,
    state: lie.state === "truth" ? process.state : lie.state,
    since: lie.since === "truth" ? process.since : sinces[lie.since],
    port: lie.port === "truth" ? process.port : lie.port === "none" ? null : 1 + (now % 60_000),
    restartWanted: lie.restartWanted,
    restarts: lie.restarts,
  });
  const [some] = truth.processes;
  const all = Array.from({ length: 60 }, (_, id) => ({ ...(some ?? aProcess(id)), id }));
  const processes = lie.processes === "all" ? all : lie.processes === "none" ? [] : truth.processes;
  return {
    ...truth,
    machine: "web-1",
    processes: processes.map(lieOf),
    tasks: [],
  };
}

function aProcess(id: number): ProcessReport {
  const nothing = { pid: null, cpu: 0, memoryBytes: 0, restarts: 0, lastLines: [] };
  const place = { address: "127.0.0.2", port: 1 };
  return {
    id,
    state: "healthy",
    since: 0,
    ...nothing,
    ...place,
    restartWanted: null,
    problem: null,
  };
}

function aRunningWorld(): World {
  const world = createWorld(
    aSite([
      aRole("web", { machines: { min: 3, max: 3 } }),
      aRole("api", { machines: { min: 2, max: 2 } }),
    ]),
  );
  for (const role of ["web", "api"]) {
    beginDeploy(world, role, `${role}-1`);
    settle(world);
  }
  return world;
}

/** What was done to the machines of a role from a line of the log on, without the numbers of servers. */
function storyOf(world: World, role: string, from: number): readonly string[] {
  return world.log
    .slice(from)
    .filter((line) => line.split(" ")[1]?.startsWith(`${role}-`))
    .map((line) => line.replaceAll(/\.\d+/g, ""));
}

function deployThrough(world: World, role: string, revision: string): string | undefined {
  const id = beginDeploy(world, role, revision);
  const hasEnded = (): boolean => activeDeploy(world.inventory) === null;
  tickUntil(world, hasEnded, `the deploy of ${role} ends`, ticksMax);
  return world.inventory.deploys.get(id)?.state;
}

function begin(world: World, lie: Lie): void {
  world.lies.set(liar, (truth) => told(lie, truth, world.now));
  if (lie.isDown) world.down.add(liar);
}

/** Deploys of another role before and after one of the liar's own. */
function play(lie: Lie | null): { readonly world: World; readonly from: number } {
  const world = aRunningWorld();
  const from = world.log.length;
  if (lie !== null) begin(world, lie);
  assert.equal(deployThrough(world, "api", "api-2"), "done");
  deployThrough(world, "web", "web-2");
  assert.equal(deployThrough(world, "api", "api-3"), "done");
  return { world, from };
}

describe("an agent that lies for as long as it lives", () => {
  it("keeps no deploy waiting, its own role's included, and changes nothing for other roles", () => {
    const { world: honest, from } = play(null);
    fc.assert(
      fc.property(anyLie, (lie) => {
        const { world, from: start } = play(lie);
        assert.deepEqual(storyOf(world, "api", start), storyOf(honest, "api", from));
        assert.deepEqual(world.refusals, []);
        const others = world.requestsLost.filter((lost) => !lost.includes(liar));
        assert.deepEqual(others, []);
      }),
      { numRuns: 12, examples: slowLies.map((lie) => [lie]) },
    );
  });

  it("does not keep its machine when that is to leave", () => {
    const world = aRunningWorld();
    begin(world, { ...truth, processes: "all" });
    for (let turn = 0; turn < 50; turn++) tick(world);
    const machine = world.inventory.machines.get(liar);
    assert.ok(machine);
    world.inventory = {
      ...world.inventory,
      machines: new Map(world.inventory.machines).set(liar, { ...machine, mark: "remove" }),
    };
    tickUntil(world, () => !world.machines.has(liar), "the machine is given back", ticksMax);
  });

  it("does not keep a hook from ending that it was asked to run", () => {
    const world = aRunningWorld();
    const { site } = world.inventory.settings;
    assert.ok(site);
    const roles = site.roles.map((role) => ({ ...role, deploy: { ...role.deploy, after: "x" } }));
    const settings = { ...world.inventory.settings, site: { ...site, roles } };
    world.inventory = { ...world.inventory, settings };
    world.lies.set("web-1", (report) => ({ ...report, tasks: [] }));
    const id = beginDeploy(world, "web", "web-2");
    const hook = () => world.inventory.deploys.get(id)?.changes[0]?.after;
    tickUntil(world, () => hook()?.state === "running", "the hook starts");
    world.now += 700_000;
    tick(world);
    assert.equal(hook()?.state, "failed");
    assert.equal(hook()?.machine, "web-1");
  });

  it("is taken at its word only for its own machine, and for nothing that is yet to come", () => {
    const world = aRunningWorld();
    const drift = [{ at: 9e15, what: "x" }];
    const balancer = { drift } as unknown as AgentReport["balancer"];
    const [process] = [aProcess(1)];
    const report = { ...({} as AgentReport), machine: "web-1", at: 9e15, balancer };
    const taken = believed(
      { ...report, processes: [{ ...process, since: 9e15 }] },
      liar,
      world.now,
    );
    assert.equal(taken.machine, liar);
    const times = [taken.at, taken.processes[0]?.since, taken.balancer?.drift[0]?.at];
    assert.deepEqual(times, [world.now, world.now, world.now]);
  });
});
