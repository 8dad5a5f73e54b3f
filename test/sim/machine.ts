import type { AgentParts } from "../../src/agent/parts.ts";
import { runAgent } from "../../src/agent/agent.ts";
import type { MachineDocument } from "../../src/core/document.ts";
import { supervisionLimits } from "../../src/core/supervision/rules.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { MachineRecord } from "../../src/ports/machine-records.ts";
import type { ProcessExit, ProcessOrder, RunningProcess } from "../../src/ports/process-host.ts";
import { createEngine, createSimBalancer, killEngine } from "./balancer.ts";
import type { Engine, EngineWorld } from "./balancer.ts";
import type { Faults } from "./faults.ts";
import { createLife } from "./life.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** A process of a role, or a one-off command. */
export interface SimProcess {
  readonly pid: number;
  readonly name: string;
  readonly release: string;
  readonly port: number | null;
  readonly healthyAt: number;
  readonly env: ReadonlyMap<string, string>;
  isHealthy: boolean;
  memoryBytes: number;
}

/** A host with a disk, processes, maybe a balancer, and an agent that comes and goes. */
export interface SimMachine {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly processes: Map<number, SimProcess>;
  readonly engine: Engine | null;
  readonly disk: { document: MachineDocument | null; record: MachineRecord };
  agent: Life | null;
  /** Nothing on it moves before this. */
  frozenUntil: number;
  /** Every document generation an agent of it acted on, to see that it never goes back. */
  lastGeneration: number;
}

export interface MachineWorld {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly network: Network;
  readonly engineWorld: EngineWorld;
  /** Releases whose processes never get healthy. */
  readonly badReleases: ReadonlySet<string>;
  readonly onAgentFault: (machine: SimMachine, error: unknown) => void;
  /** An agent is about to end a process. */
  readonly onStop: (machine: SimMachine, process: SimProcess) => void;
}

const noRecord: MachineRecord = { processes: [], tasks: [], releases: [] };
const FIRST_PORT = 20_000;
const PORTS = 200;
const TASK_MS = 200;
const MEMORY_BYTES = 50_000_000;
const never: AbortSignal = new AbortController().signal;

export function createSimMachine(name: string, role: string, address: string): SimMachine {
  return {
    name,
    role,
    address,
    processes: new Map(),
    engine: role === "balancer" ? createEngine() : null,
    disk: { document: null, record: noRecord },
    agent: null,
    frozenUntil: -Infinity,
    lastGeneration: 0,
  };
}

/** Everything on it ends at once, as when its power goes. */
export function destroy(machine: SimMachine): void {
  machine.agent?.end();
  machine.agent = null;
  machine.processes.clear();
  if (machine.engine !== null) killEngine(machine.engine);
}

let pids = 100;
let boots = 0;

export function startAgent(machine: SimMachine, world: MachineWorld): void {
  const { timeline, faults, network } = world;
  const dies = (): boolean => faults.strikes("agent dies at a step");
  const life = createLife(`agent of ${machine.name}`, timeline, dies);
  machine.agent = life;
  boots += 1;
  life.onEnd(() => {
    if (machine.agent === life) machine.agent = null;
  });
  const identity = {
    machine: machine.name,
    role: machine.role,
    bootId: `boot-${boots}`,
    address: machine.address,
    logsDirectory: "/logs",
    env: {},
    limits: supervisionLimits,
  };
  runAgent(partsOf(machine, life, world), identity, never).catch((error: unknown) => {
    if (!life.isOver) world.onAgentFault(machine, error);
  });
  void network;
}

function partsOf(machine: SimMachine, life: Life, world: MachineWorld): AgentParts {
  const { timeline, random, faults, network } = world;
  const listeners: ((process: RunningProcess, exit: ProcessExit) => void)[] = [];
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void timeline.after(ms, resolve));
  const end = (pid: number, exit: ProcessExit): void => {
    if (!machine.processes.delete(pid)) return;
    const ended = { pid, startTicks: pid };
    life.hear(() => {
      for (const listener of listeners) listener(ended, exit);
    });
  };
  const disk = async (write: () => void): Promise<void> => {
    if (faults.strikes("agent's disk is slow")) await pause(random.between(100, 3_000));
    if (faults.strikes("agent's disk is full")) {
      throw new Failure("rejected", "Cannot write: no space left");
    }
    if (!life.isOver) write();
  };
  return {
    clock: life.clock,
    random: () => random.next(),
    host: {
      start: (order) =>
        life.call(() => {
          const process = begin(order, world);
          machine.processes.set(process.pid, process);
          if (order.env["TIDEMILL_TASK"] !== undefined) {
            timeline.after(TASK_MS, () => end(process.pid, { code: 0, signal: null }));
          }
          return { pid: process.pid, startTicks: process.pid };
        }),
      adopt: (handle) => life.call(() => (machine.processes.has(handle.pid) ? handle : null)),
      isAlive: (process) => life.call(() => machine.processes.has(process.pid)),
      signal: (process, signal) =>
        life.call(() => {
          const own = machine.processes.get(process.pid);
          if (own === undefined) return;
          world.onStop(machine, own);
          end(process.pid, { code: null, signal });
        }),
      hasRemains: () => life.call(() => false),
      leaders: () =>
        life.call(() =>
          [...machine.processes].map(([pid, { env }]) => ({ pid, startTicks: pid, env })),
        ),
      usage: (process) =>
        life.call(() => ({
          cpuSeconds: 0,
          memoryBytes: machine.processes.get(process.pid)?.memoryBytes ?? 0,
        })),
      usageOfMachine: () => life.call(() => ({ cpuSeconds: 0, memoryBytes: MEMORY_BYTES })),
      onExit: (listener) => void listeners.push(listener),
      freePort: (_address, wish) => life.call(() => freePort(machine, wish)),
    },
    releases: {
      ensure: (release, signal) =>
        life.call(async () => {
          await pause(random.between(5, 60));
          if (signal.aborted) throw new Failure("aborted", "Cannot fetch: stopped");
          if (network.isParted(machine.name) || faults.strikes("release cannot be fetched")) {
            throw new Failure("unavailable", "Cannot fetch the release: no answer");
          }
          return `/releases/${release.id}`;
        }),
      activate: () => life.call(() => undefined),
      keepOnly: () => life.call(() => undefined),
    },
    provisioner: { apply: () => life.call(() => undefined) },
    probe: {
      check: ({ port }) =>
        life.call(() => {
          const listening = [...machine.processes.values()].find((it) => it.port === port);
          if (listening === undefined) return "connection refused";
          return isAnswering(listening, timeline.now()) ? null : "answers 503";
        }),
    },
    logs: {
      follow: () => undefined,
      unfollow: () => undefined,
      read: () => noLines,
      lastLines: (path) => (path.includes("task") ? ["[ended with code 0]"] : ["last words"]),
    },
    link: {
      connect: (onMessage) => life.call(() => network.connect(life, machine.name, onMessage)),
      fetchRelease: () => Promise.reject(new Failure("unavailable", "not asked for")),
    },
    documents: {
      load: () => life.call(() => machine.disk.document),
      save: (document) => life.call(() => disk(() => (machine.disk.document = document))),
    },
    records: {
      load: () => life.call(() => machine.disk.record),
      save: (record) => life.call(() => disk(() => (machine.disk.record = record))),
    },
    balancer:
      machine.engine === null ? null : createSimBalancer(life, machine.engine, world.engineWorld),
    say: (t) =>
      process.env["SIMDEBUG"] === undefined ? undefined : console.log("SAY", machine.name, t),
  };
}

const noLines = { lines: [], dropped: 0 };

/** Stops everything on it for a while, as a host does that moves to other hardware. */
export function freeze(machine: SimMachine, untilMs: number, ms: number): void {
  machine.frozenUntil = untilMs;
  machine.agent?.freeze(ms);
}

export function isAnswering(process: SimProcess, now: number): boolean {
  return process.isHealthy && now >= process.healthyAt;
}

function begin(order: ProcessOrder, world: MachineWorld): SimProcess {
  const { timeline, random, faults, badReleases } = world;
  pids += 1;
  const release = order.env["TIDEMILL_RELEASE"] ?? "?";
  const port = order.env["PORT"];
  const startMs = faults.strikes("process starts slowly")
    ? random.between(3_000, 20_000)
    : random.between(50, 400);
  return {
    pid: pids,
    name: order.logPath.replace(/^.*\/(.*)\.log$/, "$1"),
    release,
    port: port === undefined ? null : Number(port),
    healthyAt: timeline.now() + startMs,
    env: new Map(Object.entries(order.env)),
    isHealthy: !badReleases.has(release),
    memoryBytes: MEMORY_BYTES,
  };
}

function freePort(
  machine: SimMachine,
  wish: { readonly preferred: number | null; readonly promised: readonly number[] },
): number {
  const taken = new Set([
    ...wish.promised,
    ...[...machine.processes.values()].map((process) => process.port),
  ]);
  if (wish.preferred !== null && !taken.has(wish.preferred)) return wish.preferred;
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS; port++) if (!taken.has(port)) return port;
  throw new Failure("rejected", `Cannot find a port on ${machine.name}`);
}
