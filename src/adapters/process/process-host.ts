import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, fchownSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { machineMarker, processMarker } from "../../core/markers.ts";
import { Failure } from "../../ports/failure.ts";
import type {
  Leader,
  ProcessExit,
  ProcessHost,
  ProcessOrder,
  ProcessUsage,
  RunningProcess,
} from "../../ports/process-host.ts";
import type { ProcessEntry, ProcessTable } from "../../ports/process-table.ts";
import { findFreePort } from "./ports.ts";
import { inPlaceOfShell } from "./shell.ts";

export interface ProcessHostOptions {
  /** Value of the machine's marker: nothing that does not carry it is ever signalled. */
  readonly machineId: string;
  readonly ports: { readonly first: number; readonly last: number };
  readonly table: ProcessTable;
  /** User and group of the processes; null: those of whoever calls. */
  readonly user: number | null;
}

/** Usage of all processes of a tick is read from one look at the table. */
const lookMs = 200;

/** Processes of this machine, each in a session of its own, which the agent's end does not touch. */
export function createProcessHost(options: ProcessHostOptions): ProcessHost {
  const { machineId, table } = options;
  const listeners: ((process: RunningProcess, exit: ProcessExit) => void)[] = [];
  const look = createLook(table);
  const family = (process: RunningProcess): Promise<readonly ProcessEntry[]> =>
    findFamily(table, machineId, process);
  return {
    start: (order) => startProcess(options, order, listeners),
    async adopt(handle) {
      return (await isSame(table, handle)) ? handle : null;
    },
    isAlive: (process) => isSame(table, process),
    async signal(process, signal) {
      for (const entry of await family(process)) await table.signal(entry, signal);
    },
    async hasRemains(process) {
      return (await family(process)).length > 0;
    },
    async usage(process) {
      return sum(relatives(await look(), process));
    },
    leaders: () => findLeaders(table, machineId),
    async usageOfMachine() {
      return sum(await markedEntries(table, await look(), machineMarker, machineId));
    },
    onExit: (listener) => void listeners.push(listener),
    async freePort(address, wish) {
      const port = await findFreePort(address, options.ports, wish);
      if (port !== null) return port;
      const { first, last } = options.ports;
      throw new Failure(
        "throttled",
        `Cannot find a free port on ${address}: all of ${first}–${last} are taken`,
      );
    },
  };
}

async function startProcess(
  options: ProcessHostOptions,
  order: ProcessOrder,
  listeners: readonly ((process: RunningProcess, exit: ProcessExit) => void)[],
): Promise<RunningProcess> {
  const child = spawnDetached(options, order);
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("spawn", () => resolve(child.pid ?? 0));
    child.once("error", (cause) => reject(cannotStart(order, cause)));
  });
  const entry = await options.table.find(pid);
  // A command that is over already has no entry left; its exit is told all the same.
  const running = { pid, startTicks: entry?.startTicks ?? 0 };
  child.unref();
  void exit.then((ending) => listeners.forEach((listener) => listener(running, ending)));
  return running;
}

/**
 * Output goes to the file itself, not through a pipe: a pipe would break when the agent ends.
 * The marker names the leader's own pid, so that it can be told from the handle alone.
 */
function spawnDetached({ machineId, user }: ProcessHostOptions, order: ProcessOrder): ChildProcess {
  const log = openLog(order);
  try {
    // Programs that open /dev/stderr again are asked for their rights to the file behind it.
    if (user !== null) fchownSync(log, user, user);
    const script = `export ${processMarker}=$$; ${firstToEnd}; exec /bin/sh -c "$0"`;
    return spawn("/bin/sh", ["-c", script, inPlaceOfShell(order.command)], {
      cwd: order.directory,
      env: { ...order.env, [machineMarker]: machineId },
      stdio: ["ignore", log, log],
      detached: true,
      ...(user === null ? {} : { uid: user, gid: user }),
    });
  } catch (cause) {
    throw cannotStart(order, cause);
  } finally {
    closeSync(log);
  }
}

/** Where memory runs out, what is supervised goes before the agent, which would start it again. Linux only. */
const firstToEnd = "{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null";

function openLog(order: ProcessOrder): number {
  try {
    mkdirSync(dirname(order.logPath), { recursive: true });
    return openSync(order.logPath, "a", 0o600);
  } catch (cause) {
    throw cannotStart(order, cause);
  }
}

function cannotStart(order: ProcessOrder, cause: unknown): Failure {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new Failure("rejected", `Cannot start \`${order.command}\`: ${words}`, { cause });
}

async function isSame(table: ProcessTable, process: RunningProcess): Promise<boolean> {
  return (await table.find(process.pid))?.startTicks === process.startTicks;
}

async function findLeaders(table: ProcessTable, machineId: string): Promise<readonly Leader[]> {
  const entries = (await table.list()).filter((entry) => entry.session === entry.pid);
  const own = await markedEntries(table, entries, machineMarker, machineId);
  const leaders: Leader[] = [];
  for (const { pid, startTicks } of own) {
    const env = await table.environment(pid);
    if (env.get(processMarker) === String(pid)) leaders.push({ pid, startTicks, env });
  }
  return leaders;
}

/**
 * Its group and session, and what left them but carries its marker. None is older than the process itself.
 * A number of a group is not given to others while one of its members lives; so the group is this process's
 * if its leader lives or a member carries the marker, and only then.
 */
async function findFamily(
  table: ProcessTable,
  machineId: string,
  process: RunningProcess,
): Promise<readonly ProcessEntry[]> {
  const all = await table.list();
  // Whoever has the number now, and what came after that, is another's family.
  const successor = all.find(({ pid, startTicks }) => {
    return pid === process.pid && startTicks !== process.startTicks;
  });
  const entries = all.filter(
    ({ startTicks }) =>
      startTicks >= process.startTicks && startTicks < (successor?.startTicks ?? Infinity),
  );
  const marked = await markedEntries(table, entries, machineMarker, machineId);
  const own = await markedEntries(table, marked, processMarker, String(process.pid));
  const near = entries.filter(
    (entry) => entry.group === process.pid || entry.session === process.pid,
  );
  const isOurs = near.some(
    (entry) =>
      own.includes(entry) || (entry.pid === process.pid && entry.startTicks === process.startTicks),
  );
  return isOurs ? [...new Set([...near, ...own])] : own;
}

async function markedEntries(
  table: ProcessTable,
  entries: readonly ProcessEntry[],
  marker: string,
  value: string,
): Promise<readonly ProcessEntry[]> {
  const found: ProcessEntry[] = [];
  for (const entry of entries) {
    if ((await table.environment(entry.pid)).get(marker) === value) found.push(entry);
  }
  return found;
}

/** For counting, kinship is enough; reading every environment each second would cost more than it tells. */
function relatives(
  entries: readonly ProcessEntry[],
  process: RunningProcess,
): readonly ProcessEntry[] {
  return entries.filter(
    (entry) =>
      entry.startTicks >= process.startTicks &&
      (entry.pid === process.pid || entry.group === process.pid || entry.session === process.pid),
  );
}

function sum(entries: readonly ProcessEntry[]): ProcessUsage {
  return {
    cpuSeconds: entries.reduce((total, entry) => total + entry.cpuSeconds, 0),
    memoryBytes: entries.reduce((total, entry) => total + entry.memoryBytes, 0),
  };
}

function createLook(table: ProcessTable): () => Promise<readonly ProcessEntry[]> {
  let taken = -Infinity;
  let entries: Promise<readonly ProcessEntry[]> = Promise.resolve([]);
  return () => {
    const now = performance.now();
    if (now - taken > lookMs) {
      taken = now;
      entries = table.list();
    }
    return entries;
  };
}
