import { Failure } from "../../src/ports/failure.ts";
import type {
  PortWish,
  ProcessExit,
  ProcessHost,
  ProcessOrder,
  RunningProcess,
} from "../../src/ports/process-host.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { SimMachine, SimProcess } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface HostWorld {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  /** Releases whose processes never get healthy. */
  readonly badReleases: ReadonlySet<string>;
  /** An agent has begun a command that is run once. */
  readonly onTask: (machine: SimMachine, process: SimProcess) => void;
  /** An agent is about to end a process. */
  readonly onStop: (machine: SimMachine, process: SimProcess) => void;
}

const FIRST_PORT = 20_000;
const PORTS = 200;
const TASK_MS = 200;
const MEMORY_BYTES = 50_000_000;

let pids = 100;

/** The agent's hands on the processes of its machine, which outlive it. */
export function createSimHost(machine: SimMachine, life: Life, world: HostWorld): ProcessHost {
  const { timeline, faults } = world;
  const listeners: ((process: RunningProcess, exit: ProcessExit) => void)[] = [];
  /** Those that this agent started: of the others it hears nothing. */
  const own = new Set<number>();
  const end = (pid: number, exit: ProcessExit): void => {
    if (!machine.processes.delete(pid) || !own.has(pid)) return;
    const ended = { pid, startTicks: pid };
    life.hear(() => {
      for (const listener of listeners) listener(ended, exit);
    });
  };
  const find = ({ pid, startTicks }: RunningProcess): SimProcess | undefined =>
    pid === startTicks ? machine.processes.get(pid) : undefined;
  return {
    start: (order) =>
      life.call(() => {
        const process = begin(order, world);
        machine.processes.set(process.pid, process);
        own.add(process.pid);
        if (faults.strikes("agent dies as it begins a process")) life.end();
        const task = order.env["TIDEMILL_TASK"];
        if (task !== undefined) {
          world.onTask(machine, process);
          const { ms, code } = taskOf(task);
          timeline.after(ms, () => {
            if (machine.processes.has(process.pid)) machine.endings.set(process.name, code);
            end(process.pid, { code, signal: null });
          });
        }
        return { pid: process.pid, startTicks: process.pid };
      }),
    adopt: (handle) => life.call(() => (find(handle) === undefined ? null : handle)),
    isAlive: (process) => life.call(() => find(process) !== undefined),
    signal: (process, signal) =>
      life.call(() => {
        const found = find(process);
        if (found === undefined) return;
        world.onStop(machine, found);
        end(process.pid, { code: null, signal });
      }),
    hasRemains: (process) => life.call(() => find(process) !== undefined),
    leaders: () =>
      life.call(() =>
        [...machine.processes].map(([pid, { env }]) => ({ pid, startTicks: pid, env })),
      ),
    usage: (process) =>
      life.call(() => ({ cpuSeconds: 0, memoryBytes: find(process)?.memoryBytes ?? 0 })),
    usageOfMachine: () => life.call(() => ({ cpuSeconds: 0, memoryBytes: MEMORY_BYTES })),
    onExit: (listener) => void listeners.push(listener),
    freePort: (_address, wish) => life.call(() => freePort(machine, wish)),
  };
}

/** What the log is named after. */
export function nameOf(logPath: string): string {
  return logPath.replace(/^.*\/(.*)\.log$/, "$1");
}

/** `work 5000 3` takes five seconds and ends with code 3. */
function taskOf(run: string): { readonly ms: number; readonly code: number } {
  const [, ms, code] = /^work (\d+) (\d+)$/.exec(run) ?? [];
  return { ms: Number(ms ?? TASK_MS), code: Number(code ?? 0) };
}

function begin(order: ProcessOrder, world: HostWorld): SimProcess {
  const { timeline, random, faults, badReleases } = world;
  pids += 1;
  const release = order.env["TIDEMILL_RELEASE"] ?? "?";
  const port = order.env["PORT"];
  const startMs = faults.strikes("process starts slowly")
    ? random.between(3_000, 20_000)
    : random.between(50, 400);
  return {
    pid: pids,
    name: nameOf(order.logPath),
    release,
    port: port === undefined ? null : Number(port),
    healthyAt: timeline.now() + startMs,
    env: new Map(Object.entries(order.env)),
    isHealthy: !badReleases.has(release),
    memoryBytes: MEMORY_BYTES,
  };
}

function freePort(machine: SimMachine, wish: PortWish): number {
  const taken = new Set([
    ...wish.promised,
    ...[...machine.processes.values()].map((process) => process.port),
  ]);
  if (wish.preferred !== null && !taken.has(wish.preferred)) return wish.preferred;
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS; port++) if (!taken.has(port)) return port;
  throw new Failure("rejected", `Cannot find a port on ${machine.name}`);
}
