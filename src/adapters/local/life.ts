import { setTimeout as sleep } from "node:timers/promises";
import { agentMarker, machineId, machineMarker } from "../../core/markers.ts";
import { Failure } from "../../ports/failure.ts";
import type { ProcessEntry, ProcessTable } from "../../ports/process-table.ts";

/** What lives of one machine. */
export interface Life {
  readonly agents: readonly ProcessEntry[];
  readonly others: readonly ProcessEntry[];
}

const agentGraceMs = 1_000;
const graceMs = 1_500;
const killMsMax = 3_000;
const pollMs = 20;

/** Everything of the site that runs, by machine, from one look at all processes. */
export async function findLife(
  table: ProcessTable,
  siteId: string,
): Promise<ReadonlyMap<string, Life>> {
  const prefix = machineId(siteId, "");
  const found = new Map<string, { agents: ProcessEntry[]; others: ProcessEntry[] }>();
  for (const entry of await table.list()) {
    const environment = await table.environment(entry.pid);
    const id = environment.get(machineMarker);
    if (id === undefined || !id.startsWith(prefix)) continue;
    const life = found.get(id.slice(prefix.length)) ?? { agents: [], others: [] };
    found.set(id.slice(prefix.length), life);
    (environment.get(agentMarker) === id ? life.agents : life.others).push(entry);
  }
  return found;
}

/** Ends the agent first, which would start again what ends; then all the rest. */
export async function endLife(
  table: ProcessTable,
  siteId: string,
  machine: string,
  signal: AbortSignal,
): Promise<void> {
  const agents = async (): Promise<readonly ProcessEntry[]> =>
    (await findLife(table, siteId)).get(machine)?.agents ?? [];
  const all = async (): Promise<readonly ProcessEntry[]> => {
    const life = (await findLife(table, siteId)).get(machine);
    return life === undefined ? [] : [...life.agents, ...life.others];
  };
  const isOver =
    (await end(table, agents, "SIGTERM", agentGraceMs, signal)) &&
    (await end(table, all, "SIGTERM", graceMs, signal));
  if (isOver || (await end(table, all, "SIGKILL", killMsMax, signal))) return;
  const left = (await all()).map((entry) => entry.pid).join(", ");
  throw new Failure("unavailable", `Cannot terminate ${machine}: processes ${left} do not end`);
}

/** True when none is left in time. Looks again each time, because what is ended may start others. */
async function end(
  table: ProcessTable,
  find: () => Promise<readonly ProcessEntry[]>,
  how: "SIGTERM" | "SIGKILL",
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + withinMs;
  const told = new Set<string>();
  for (;;) {
    const left = await find();
    if (left.length === 0) return true;
    if (performance.now() > until) return false;
    if (signal.aborted) throw new Failure("aborted", "Cannot terminate the machine: stopped");
    for (const entry of left) {
      const key = `${entry.pid} ${entry.startTicks}`;
      if (!told.has(key)) await table.signal(entry, how);
      told.add(key);
    }
    await sleep(pollMs);
  }
}
