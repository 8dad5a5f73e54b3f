import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InventoryState } from "../../src/core/inventory.ts";
import { BALANCER_ROLE } from "../../src/core/roster.ts";
import { Failure } from "../../src/ports/failure.ts";
import { killEngine, tamper } from "./balancer.ts";
import type { EngineWorld } from "./balancer.ts";
import { createBrain } from "./brain.ts";
import type { Brain } from "./brain.ts";
import { createCloud } from "./cloud.ts";
import type { Cloud } from "./cloud.ts";
import { createFaults } from "./faults.ts";
import type { FaultKind, Faults } from "./faults.ts";
import { freeze, isAnswering, startAgent } from "./machine.ts";
import type { MachineWorld, SimMachine } from "./machine.ts";
import { createNetwork } from "./network.ts";
import type { Network } from "./network.ts";
import { createRandom } from "./random.ts";
import type { Random } from "./random.ts";
import { createSafety, whatIsLeft } from "./safety.ts";
import type { Safety, SafetyView } from "./safety.ts";
import { createTimeline } from "./timeline.ts";
import type { Timeline } from "./timeline.ts";
import { createWorkload } from "./workload.ts";
import type { Workload } from "./workload.ts";

/** One story: the same wish, the same story. */
export interface StoryWish {
  readonly seed: number;
  /** Times that faults begin and end. */
  readonly rounds: number;
  readonly kinds: ReadonlySet<FaultKind>;
}

export interface Story {
  readonly violations: readonly string[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Passed in all, and of that moment by moment; the rest are nights in which nothing happens. */
  readonly virtualMs: number;
  readonly livedMs: number;
  /** After the last fault of each round, until the site was as it should be. */
  readonly healedMs: readonly number[];
  readonly log: readonly string[];
  /** What was on record at the end. */
  readonly record: InventoryState;
}

/** The inventory is a real file; where memory can be had as a disk, it need not wait for one. */
const MEMORY_DISK = "/dev/shm";
const START_MS = 1_800_000_000_000;
const FAULTY_MS_MAX = 90_000;
/** A site that is not as it should be this long after the last fault is stuck. */
const HEAL_MS_MAX = 30 * 60_000;
/** People who see that their first release does not work bring another one. */
const PATIENCE_MS = 3 * 60_000;
/** Nothing may be done to a site that is as it should be: looked at for this long. */
const QUIET_MS = 25_000;
const NIGHT_MS_MAX = 72 * 3_600_000;
/** Over the limit that the site file sets. */
const GROWTH = 20;
const LOG_LINES_MAX = 400;
const STEP_MS = 1_000;
/** Commands that are run once, in each second. */
const ONE_OFF_SHARE = 0.1;
/** People act when they see that something is wrong, which is when it does most harm: so often in a second. */
const MEDDLING = { dark: 0.5, tight: 0.08, calm: 0 };

interface World {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly network: Network;
  readonly cloud: Cloud;
  readonly brain: Brain;
  readonly workload: Workload;
  readonly safety: Safety;
  readonly view: SafetyView;
  readonly log: string[];
  /** When something on record last changed. */
  changedAt: () => number;
}

export async function tell(wish: StoryWish): Promise<Story> {
  const directory = mkdtempSync(
    join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), "tidemill-sim-"),
  );
  const timeline = createTimeline(START_MS);
  try {
    const world = createWorld(wish, timeline, join(directory, "inventory.db"));
    const healedMs: number[] = [];
    let nightsMs = 0;
    await begin(world);
    for (let round = 0; round < wish.rounds && world.safety.violations.length === 0; round++) {
      await suffer(world);
      const healed = await heal(world);
      if (healed === null) break;
      healedMs.push(healed);
      nightsMs += await sleep(world);
    }
    await world.brain.close();
    return {
      violations: world.safety.violations,
      faults: world.faults.counts,
      virtualMs: timeline.now() - START_MS,
      livedMs: timeline.now() - START_MS - nightsMs,
      healedMs,
      log: world.log,
      record: world.brain.state(),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function createWorld({ seed, kinds }: StoryWish, timeline: Timeline, databasePath: string): World {
  const random = createRandom(seed);
  const faults = createFaults(random.fork("faults"), kinds);
  const network = createNetwork(timeline, random.fork("network"), faults);
  const workload = createWorkload(random.fork("workload"));
  const log: string[] = [];
  const note = (text: string): void => {
    log.push(`${((timeline.now() - START_MS) / 1000).toFixed(3)} ${text}`);
    if (log.length > LOG_LINES_MAX) log.shift();
  };
  let changedAt = 0;
  const machines = new Map<string, SimMachine>();
  const view: SafetyView = {
    now: () => timeline.now(),
    machines,
    state: () => brain.state(),
    isHeard: (machine) => network.isHeard(machine),
    silentMs: (machine) => network.silentMs(machine),
    doubtedAt: (machine) => cloud.doubtedAt(machine),
    limitedAt: (machine) => cloud.limitedAt(machine),
    note,
  };
  const safety = createSafety(view);
  const engineWorld: EngineWorld = {
    timeline,
    random: random.fork("engine"),
    faults,
    answers: (address, port) => answers(machines, address, port, timeline.now()),
    loadOf: (pool) => {
      const engines = [...machines.values()].filter((m) => m.engine?.isRunning === true);
      return Math.round(workload.loadOf(pool) / Math.max(1, engines.length));
    },
    onCut: (server) => safety.onCut(server),
  };
  const machineWorld: MachineWorld = {
    timeline,
    random: random.fork("machine"),
    faults,
    network,
    engineWorld,
    badReleases: workload.badReleases,
    onAgentFault(machine, error) {
      safety.violations.push(`the agent of ${machine.name} fell over: ${describe(error)}`);
    },
    onAct: (machine, generation) => safety.onAct(machine, generation),
    onTask: (machine, process) => safety.onTask(machine, process),
    onStop: (machine, process) => safety.onStop(machine, process),
  };
  const cloud = createCloud({
    machines,
    timeline,
    random: random.fork("cloud"),
    faults,
    startAgent: (machine) => startAgent(machine, machineWorld),
    onLaunch: (order) => safety.onLaunch(order.name),
    onTerminate: (machine) => safety.onTerminate(machine),
  });
  const brain = createBrain({
    timeline,
    random: random.fork("brain"),
    faults,
    network,
    cloud,
    databasePath,
    onCommit(changes, events) {
      if (changes.length > 0) changedAt = timeline.now();
      safety.onCommit(changes, events);
    },
    onTick: (state, told) => safety.onTick(state, told),
    onFault: (error) => safety.violations.push(`the controller fell over: ${describe(error)}`),
    onLead: (name, epoch) => note(`${name} leads, epoch ${epoch}`),
    onUsurper: (name, what) => safety.violations.push(`${name} leads no more, and does: ${what}`),
  });
  return {
    timeline,
    random,
    faults,
    network,
    cloud,
    brain,
    workload,
    safety,
    view,
    log,
    changedAt: () => changedAt,
  };
}

async function begin(world: World): Promise<void> {
  await world.brain.start();
  const { brain, workload } = world;
  await pass(world, STEP_MS);
  const controller = brain.controller();
  if (controller !== null) wished(workload.begin(controller));
  await pass(world, 5 * STEP_MS);
}

/** Everything goes wrong, while people go on working. */
async function suffer(world: World): Promise<void> {
  const { faults, random, timeline, brain, workload } = world;
  const until = timeline.now() + random.between(FAULTY_MS_MAX / 6, FAULTY_MS_MAX);
  let actsAt = timeline.now();
  faults.isOn = true;
  while (timeline.now() < until && world.safety.violations.length === 0) {
    strike(world);
    const controller = brain.controller();
    if (controller !== null && timeline.now() >= actsAt) {
      wished(workload.act(controller));
      actsAt = timeline.now() + random.between(2_000, 15_000);
    }
    if (controller !== null && random.chance(MEDDLING[alertOf(world)])) {
      wished(workload.meddle(controller));
    }
    if (controller !== null && random.chance(ONE_OFF_SHARE)) wished(workload.runOnce(controller));
    await pass(world, STEP_MS);
  }
  faults.isOn = false;
}

/** How bad it looks to people: nobody serves; not one machine may be missing; neither. */
function alertOf({ view, brain }: World): keyof typeof MEDDLING {
  const { machines, settings } = brain.state();
  const isThere = (role: string): number =>
    [...machines.values()].filter(
      (machine) =>
        machine.role === role && (view.machines.get(machine.name)?.agent ?? null) !== null,
    ).length;
  if (isThere(BALANCER_ROLE) === 0) return "dark";
  const isTight = settings.site?.roles.some(({ name, machines: { min } }) => isThere(name) <= min);
  return isTight === true ? "tight" : "calm";
}

/** The faults that come by themselves, not with a call. */
function strike(world: World): void {
  const { faults, random, timeline, network, cloud, brain } = world;
  for (const mind of brain.lives()) {
    if (faults.strikes("controller freezes")) {
      mind.freeze(random.between(500, 30_000));
      world.network.missPulse(mind);
    }
    if (faults.strikes("controller's clock jumps")) mind.setClock(random.between(-60_000, 60_000));
  }
  for (const machine of cloud.machines.values()) {
    if (faults.strikes("machine vanishes")) cloud.vanish(machine.name);
    if (machine.role === BALANCER_ROLE && faults.strikes("balancer's machine vanishes")) {
      cloud.vanish(machine.name);
    }
    if (faults.strikes("machine comes back elsewhere")) cloud.move(machine.name);
    if (faults.strikes("network cuts a connection")) network.cut(machine.name);
    if (faults.strikes("network parts a machine")) {
      network.part(machine.name, random.between(500, 40_000));
    }
    if (faults.strikes("machine freezes")) {
      const ms = random.between(500, 40_000);
      freeze(machine, timeline.now() + ms, ms);
    }
    const { agent, engine } = machine;
    if (agent !== null && faults.strikes("agent freezes"))
      agent.freeze(random.between(500, 30_000));
    if (agent !== null && faults.strikes("agent's clock jumps")) {
      agent.setClock(random.between(-60_000, 60_000));
    }
    if (agent !== null && faults.strikes("agent dies")) agent.end();
    if (engine?.isRunning === true && faults.strikes("balancer dies")) killEngine(engine);
    if (engine?.isRunning === true && faults.strikes("balancer drifts")) {
      tamper(engine, timeline.now());
    }
    for (const process of machine.processes.values()) {
      if (faults.strikes("process dies")) machine.processes.delete(process.pid);
      if (faults.strikes("process gets unhealthy")) process.isHealthy = false;
      if (faults.strikes("process grows")) process.memoryBytes *= GROWTH;
    }
  }
}

/** No more faults: the site must become what it should be, and then be left alone. Null: it did not. */
async function heal(world: World): Promise<number | null> {
  const { timeline, workload, brain, safety } = world;
  const from = timeline.now();
  let isRested = false;
  let left: string | null = "nobody has looked yet";
  while (timeline.now() - from < HEAL_MS_MAX && safety.violations.length === 0) {
    const controller = brain.controller();
    // What people wish, they wish again until a controller has said yes.
    if (!isRested && controller !== null) {
      wished(workload.rest(controller).then(() => void (isRested = true)));
    }
    await pass(world, STEP_MS);
    left = whatIsLeft(world.view);
    if (left !== null) {
      if (timeline.now() - from > PATIENCE_MS && isWithoutWayBack(brain.state())) redeploy(world);
      continue;
    }
    const quietSince = Math.max(world.changedAt(), from);
    if (timeline.now() - quietSince >= QUIET_MS) return quietSince - from;
  }
  if (safety.violations.length === 0) {
    const why = left ?? `it is never left alone, last change at ${world.changedAt() - START_MS}`;
    safety.violations.push(`not healed within ${HEAL_MS_MAX / 60_000} minutes: ${why}`);
  }
  return null;
}

/** A first deploy that failed waits for a better release, and for nothing else. */
function isWithoutWayBack(state: InventoryState): boolean {
  const last = [...state.deploys.values()].at(-1);
  const hasFailed = last?.state === "failed" || last?.state === "reverted";
  return hasFailed && last.changes.some((change) => change.from === null);
}

function redeploy(world: World): void {
  const controller = world.brain.controller();
  if (controller !== null) wished(world.workload.begin(controller));
}

/** Hours in which nothing happens pass at once; who wakes first are the machines, as after any silence. */
async function sleep(world: World): Promise<number> {
  const { timeline, random, brain } = world;
  const ms = random.between(NIGHT_MS_MAX / 4, NIGHT_MS_MAX);
  timeline.skip(ms);
  for (const life of brain.lives()) life.freeze(3 * STEP_MS);
  await pass(world, 5 * STEP_MS);
  return ms;
}

async function pass(world: World, ms: number): Promise<void> {
  await world.timeline.run(world.timeline.now() + ms, () => {
    world.safety.look();
    world.brain.look();
  });
}

function answers(
  machines: ReadonlyMap<string, SimMachine>,
  address: string,
  port: number,
  now: number,
): boolean {
  for (const machine of machines.values()) {
    if (machine.address !== address || now < machine.frozenUntil) continue;
    for (const process of machine.processes.values()) {
      if (process.port === port) return isAnswering(process, now);
    }
  }
  return false;
}

/** Who wishes something hears of a failure, and is not the site. */
function wished(wish: Promise<void>): void {
  wish.catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
