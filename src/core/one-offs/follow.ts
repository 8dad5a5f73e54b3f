import type { Action, StepResult } from "../action.ts";
import type { Change } from "../inventory.ts";
import type { Roster } from "../roster.ts";
import { isTaskOverdue } from "../rollout/patience.ts";
import { oneOffTaskId } from "./record.ts";
import type { OneOffRecord } from "./record.ts";

/** So many that have ended are kept. */
const KEPT = 50;

/** Commands that have ended are put on record as ended, the oldest are forgotten. */
export function followOneOffs(roster: Roster): StepResult {
  const all = [...roster.state.oneOffs.values()].sort((a, b) => b.id - a.id);
  const actions = all.flatMap((oneOff): readonly Action[] => {
    const ended = oneOff.state === "running" ? endOf(roster, oneOff) : null;
    return ended === null
      ? []
      : [action(ended, describe(ended), { kind: "one-off", oneOff: ended })];
  });
  const old = all.filter(({ state }) => state !== "running").slice(KEPT);
  for (const oneOff of old) {
    const reason = `run ${oneOff.id} is older than the last ${KEPT}`;
    actions.push(action(oneOff, reason, { kind: "one-off-gone", id: oneOff.id }));
  }
  return { actions, holds: [] };
}

/** Null: it goes on, or nobody can tell now. */
function endOf(roster: Roster, oneOff: OneOffRecord): OneOffRecord | null {
  const finishedAt = roster.now;
  if (!roster.state.machines.has(oneOff.machine)) {
    const lastLines = ["Its machine is gone"];
    return { ...oneOff, state: "failed", lastLines, finishedAt };
  }
  const id = oneOffTaskId(oneOff.id);
  const task = roster.sight.reportOf(oneOff.machine)?.tasks.find((t) => t.id === id);
  if (task === undefined || task.state === "running") {
    if (!isTaskOverdue(roster, oneOff.startedAt, oneOff.timeoutMs)) return null;
    const lastLines = ["Its machine does not say that it has ended"];
    return { ...oneOff, state: "failed", lastLines, finishedAt };
  }
  const { state, exitCode, lastLines } = task;
  return { ...oneOff, state, exitCode, lastLines, finishedAt };
}

function action(oneOff: OneOffRecord, reason: string, change: Change): Action {
  return { kind: "run", subject: oneOff.machine, reason, changes: [change], effect: null };
}

function describe({ id, state, exitCode }: OneOffRecord): string {
  if (state === "done") return `run ${id} is done`;
  return exitCode === null ? `run ${id} failed` : `run ${id} failed with exit code ${exitCode}`;
}
