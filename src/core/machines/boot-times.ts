import type { Action, StepResult } from "../action.ts";
import type { Instant } from "../instant.ts";
import type { InventoryState, MachineRecord, RoleRecord } from "../inventory.ts";
import { isMachineServing } from "../roster.ts";
import type { Roster } from "../roster.ts";

/** Enough for a ninth of ten, few enough to follow a new image or a slower start. */
const bootsKept = 20;
const typicalShare = 0.9;
/** Longer than any boot: a clock was set, or somebody helped by hand. */
const bootMsMax = 1_800_000;

/** Machines that serve for the first time: how long it took from their launch is learned. */
export function noteServing(roster: Roster): StepResult {
  const actions: Action[] = [];
  const records = new Map(roster.state.roles);
  for (const machine of roster.state.machines.values()) {
    if (machine.servingAt !== null || !isMachineServing(roster, machine)) continue;
    const record = records.get(machine.role);
    const bootMs = bootMsOf(roster, machine);
    const changes: Action["changes"][number][] = [
      { kind: "machine", machine: { ...machine, servingAt: roster.now } },
    ];
    if (record !== undefined && bootMs !== null) {
      const learned = { ...record, bootsMs: [...record.bootsMs, bootMs].slice(-bootsKept) };
      records.set(machine.role, learned);
      changes.push({ kind: "role", role: learned });
    }
    const since = bootMs === null ? "" : `, ${(bootMs / 1_000).toFixed(1)} s after its launch`;
    actions.push({
      kind: "confirm",
      subject: machine.name,
      reason: `serves${since}`,
      changes,
      effect: null,
    });
  }
  return { actions, holds: [] };
}

/** Seconds in which nine of ten machines of the role got from their launch to serving; null: none was seen. */
export function bootSecondsOf(state: InventoryState, role: string): number | null {
  return typicalBootSeconds(state.roles.get(role)?.bootsMs ?? []);
}

function typicalBootSeconds(bootsMs: RoleRecord["bootsMs"]): number | null {
  const sorted = bootsMs.toSorted((a, b) => a - b);
  const typicalMs = sorted[Math.ceil(sorted.length * typicalShare) - 1];
  return typicalMs === undefined ? null : typicalMs / 1_000;
}

/** Null when what was seen says nothing of how long machines take. */
function bootMsOf(roster: Roster, machine: MachineRecord): number | null {
  const { launchedAt } = machine;
  // While no controller watched, nothing could join: that wait is not the machine's.
  if (launchedAt === null || launchedAt < roster.observed.watchingSince) return null;
  if (isHeldUp(roster, machine.role, launchedAt)) return null;
  const bootMs = roster.now - launchedAt;
  return bootMs > 0 && bootMs <= bootMsMax ? bootMs : null;
}

/**
 * A deploy lets its machines wait for waves and hooks, and one after a failed one finds them waiting. A role's first release
 * is there from the start.
 */
function isHeldUp({ state }: Roster, role: string, launchedAt: Instant): boolean {
  return [...state.deploys.values()].some(({ changes, startedAt, finishedAt }) => {
    const change = changes.find((one) => one.role === role);
    if (change === undefined || (finishedAt !== null && finishedAt < launchedAt)) return false;
    const isFirst = change.from === null && change.before.state === "none";
    return !isFirst || startedAt > launchedAt;
  });
}
