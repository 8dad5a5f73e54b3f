import type { AgentParts } from "../../src/agent/parts.ts";
import { runAgent } from "../../src/agent/agent.ts";
import type { MachineLimits } from "../../src/core/desired.ts";
import type { MachineDocument } from "../../src/core/document.ts";
import { supervisionLimits } from "../../src/core/supervision/rules.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { LoadBalancer } from "../../src/ports/load-balancer.ts";
import type { MachineRecord } from "../../src/ports/machine-records.ts";
import type { LaunchOrder } from "../../src/ports/provider.ts";
import { createEngine, createSimBalancer, killEngine } from "./balancer.ts";
import type { Engine, EngineWorld } from "./balancer.ts";
import { createLife } from "./life.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import { createSimHost, nameOf } from "./process-host.ts";
import type { HostWorld } from "./process-host.ts";

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
  address: string;
  readonly processes: Map<number, SimProcess>;
  /** With which code each command that is run once has ended, by its name. */
  readonly endings: Map<string, number>;
  /** Those that began since it was made: its name may be given to another, whose disk knows nothing of them. */
  readonly begun: Set<string>;
  readonly engine: Engine | null;
  readonly disk: { document: MachineDocument | null; record: MachineRecord };
  agent: Life | null;
  /** Nothing on it moves before this. */
  frozenUntil: number;
  /** What it may use. */
  limits: MachineLimits;
  /** And nothing is written to its disk before this. */
  diskFullUntil: number;
  /** Every document generation an agent of it acted on, to see that it never goes back. */
  lastGeneration: number;
}

export interface MachineWorld extends HostWorld {
  readonly network: Network;
  readonly engineWorld: EngineWorld;
  readonly onAgentFault: (machine: SimMachine, error: unknown) => void;
  /** An agent acts on the document of this generation. */
  readonly onAct: (machine: SimMachine, generation: number) => void;
}

const FULL_MS_MAX = 4_000;
const noRecord: MachineRecord = { processes: [], tasks: [], releases: [] };
const never: AbortSignal = new AbortController().signal;

export function createSimMachine(
  { name, role, limits }: Pick<LaunchOrder, "name" | "role" | "limits">,
  address: string,
): SimMachine {
  return {
    name,
    role,
    limits,
    address,
    processes: new Map(),
    endings: new Map(),
    begun: new Set(),
    engine: role === "balancer" ? createEngine() : null,
    disk: { document: null, record: noRecord },
    agent: null,
    frozenUntil: -Infinity,
    diskFullUntil: -Infinity,
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

let boots = 0;

export function startAgent(machine: SimMachine, world: MachineWorld): void {
  const { timeline, faults } = world;
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
}

function partsOf(machine: SimMachine, life: Life, world: MachineWorld): AgentParts {
  const { timeline, random, faults, network } = world;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void timeline.after(ms, resolve));
  const disk = async (write: () => void): Promise<void> => {
    if (faults.strikes("agent's disk is slow")) await pause(random.between(100, 3_000));
    if (faults.strikes("agent's disk is full")) {
      machine.diskFullUntil = timeline.now() + random.between(1, FULL_MS_MAX);
    }
    if (timeline.now() < machine.diskFullUntil) {
      throw new Failure("rejected", "Cannot write: no space left");
    }
    if (!life.isOver) write();
  };
  return {
    clock: life.clock,
    random: () => random.next(),
    host: createSimHost(machine, life, world),
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
      lastLines: (path) => {
        const code = machine.endings.get(nameOf(path));
        return code === undefined ? ["last words"] : [`[ended with code ${code}]`];
      },
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
    balancer: machine.engine === null ? null : balancerOf(machine, machine.engine, life, world),
    say: () => undefined,
  };
}

function balancerOf(
  machine: SimMachine,
  engine: Engine,
  life: Life,
  world: MachineWorld,
): LoadBalancer {
  const balancer = createSimBalancer(life, engine, world.engineWorld);
  return {
    ...balancer,
    converge(document, generation, signal) {
      world.onAct(machine, generation);
      return balancer.converge(document, generation, signal);
    },
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
