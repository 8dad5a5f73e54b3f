import { serverMarker, taskMarker } from "../core/markers.ts";
import { neverStarted } from "../core/supervision/supervised.ts";
import type { MachineRecord, ProcessRecord, TaskRecord } from "../ports/machine-records.ts";
import type { Leader } from "../ports/process-host.ts";
import type { AgentParts } from "./parts.ts";

/** A process whose settings were lost gets this long to end, unless its document comes back first. */
const stopTimeoutMs = 10_000;

/**
 * The record with every process that a former agent started and could not write down any more: visitors may
 * be sent to it, or it is a command that is run once and had begun. Anything else, and a server that is there
 * a second time, is ended: nobody watches it.
 */
export async function takeIn(parts: AgentParts, former: MachineRecord): Promise<MachineRecord> {
  const processes = new Map(former.processes.map((record) => [record.id, record]));
  const tasks = new Map(former.tasks.map((record) => [record.id, record]));
  const known = new Set(
    [...former.processes, ...former.tasks].map(({ running }) => keyOf(running ?? nobody)),
  );
  for (const leader of await parts.host.leaders()) {
    if (known.has(keyOf(leader))) continue;
    const record = recordOf(leader, parts.clock.now());
    const rival = record === null ? undefined : processes.get(record.id);
    if (record !== null && !(await isAlive(parts, rival))) {
      parts.say(`${record.name}: took over process ${leader.pid}, which was on no record`);
      processes.set(record.id, record);
      continue;
    }
    const task = begunTask(tasks, leader);
    if (task !== undefined) {
      parts.say(`${task.id}: took over process ${leader.pid}, which was on no record`);
      const { pid, startTicks } = leader;
      tasks.set(task.id, { ...task, running: { pid, startTicks } });
      continue;
    }
    parts.say(`Ended process ${leader.pid}, which is on no record`);
    await parts.host.signal(leader, "SIGKILL");
  }
  return { ...former, processes: [...processes.values()], tasks: [...tasks.values()] };
}

/** On record as about to begin: this is what began. */
function begunTask(
  tasks: ReadonlyMap<string, TaskRecord>,
  { env }: Leader,
): TaskRecord | undefined {
  const task = tasks.get(env.get(taskMarker) ?? "");
  return task?.running === null && task.report === null ? task : undefined;
}

async function isAlive(parts: AgentParts, rival: ProcessRecord | undefined): Promise<boolean> {
  return rival?.running !== undefined && rival.running !== null
    ? await parts.host.isAlive(rival.running)
    : false;
}

/** Null for what is no server. */
function recordOf({ pid, startTicks, env }: Leader, now: number): ProcessRecord | null {
  const name = env.get(serverMarker);
  const id = Number(/\.(\d+)$/.exec(name ?? "")?.[1] ?? Number.NaN);
  if (name === undefined || Number.isNaN(id)) return null;
  const port = env.get("PORT");
  return {
    id,
    name,
    releaseId: env.get("TIDEMILL_RELEASE") ?? "",
    port: port === undefined ? null : Number(port),
    stopTimeoutMs,
    running: { pid, startTicks },
    supervised: neverStarted(now),
  };
}

const nobody = { pid: 0, startTicks: 0 };

function keyOf({ pid, startTicks }: { readonly pid: number; readonly startTicks: number }): string {
  return `${pid} ${startTicks}`;
}
