import type { Action } from "./action.ts";
import { applyChanges } from "./changes.ts";
import type { Instant } from "./instant.ts";
import type { InventoryState, MachineRecord } from "./inventory.ts";
import type { Observed } from "./observed.ts";
import {
  activeDeploy,
  carriesRequests,
  isDrained,
  isMachineServing,
  takeRoster,
  takeSight,
} from "./roster.ts";
import type { Roster } from "./roster.ts";
import { FRESH_MS } from "./scaling/figures.ts";

export interface Violation {
  readonly guard: string;
  readonly message: string;
}

export interface CheckedPlan {
  /** Actions that may be applied, in order. */
  readonly allowed: readonly Action[];
  readonly refused: readonly { readonly action: Action; readonly violation: Violation }[];
}

interface Step {
  readonly action: Action;
  readonly before: Roster;
  /** The state with the action's changes. */
  readonly after: InventoryState;
}

/** Apart from the code that tries to respect them, so that a mistake there is caught here. */
const guards: readonly ((step: Step) => Violation | null)[] = [
  everyActionHasAReason,
  noRequestIsLost,
  roleKeepsItsMinimum,
  deployAndScalingNeverRace,
  missingFiguresNeverShrink,
  intentComesFirst,
  boundsHold,
];

/** Checks each action on the state its predecessors leave. What breaks an invariant is refused, with the guard's name. */
export function checkPlan(
  observed: Observed,
  actions: readonly Action[],
  now: Instant,
): CheckedPlan {
  const sight = takeSight(observed);
  let roster = takeRoster(observed, observed.inventory, sight, now);
  const allowed: Action[] = [];
  const refused: { action: Action; violation: Violation }[] = [];
  let isIndexStale = false;
  for (const action of actions) {
    if (isIndexStale && needsIndex(action)) {
      roster = takeRoster(observed, roster.state, sight, now);
      isIndexStale = false;
    }
    const after = applyChanges(roster.state, action.changes);
    const violation = firstViolation({ action, before: roster, after });
    if (violation !== null) {
      refused.push({ action, violation });
      continue;
    }
    allowed.push(action);
    roster = { ...roster, state: after, activeDeploy: activeDeploy(after) };
    isIndexStale ||= action.changes.length > 0;
  }
  return { allowed, refused };
}

function firstViolation(step: Step): Violation | null {
  for (const guard of guards) {
    const violation = guard(step);
    if (violation !== null) return violation;
  }
  return null;
}

/** Only what lowers capacity is judged by what the machines of a role do: their index is costly on large sites. */
function needsIndex(action: Action): boolean {
  return isDisruptive(action) || action.kind === "stop";
}

function isDisruptive({ kind }: Action): boolean {
  return kind === "drain" || kind === "terminate" || kind === "leave";
}

function everyActionHasAReason({ action }: Step): Violation | null {
  if (action.reason.trim() !== "" && action.subject !== "") return null;
  return { guard: "reason", message: `${action.kind} ${action.subject} has no reason` };
}

/** A server in a pool is drained before its process is taken away. */
function noRequestIsLost({ action, before, after }: Step): Violation | null {
  if (isForced(before, action)) return null;
  for (const change of action.changes) {
    const id = change.kind === "server-gone" ? change.id : null;
    const stopping = change.kind === "server" && change.server.state === "stopping";
    const server = before.state.servers.get(
      id ?? (change.kind === "server" && stopping ? change.server.id : -1),
    );
    if (server === undefined || server.state === "starting" || server.state === "stopping")
      continue;
    if (server.state === "draining" && isDrained(before, server)) continue;
    if (!after.machines.has(server.machine) && action.kind === "forget") continue;
    return {
      guard: "drain first",
      message: `server ${server.id} on ${server.machine} may still get requests`,
    };
  }
  return null;
}

function roleKeepsItsMinimum({ action, before, after }: Step): Violation | null {
  if (!isDisruptive(action) || isForced(before, action)) return null;
  const leaving = leavingMachine(before, action);
  if (leaving === null || !isMachineServing(before, leaving)) return null;
  const role = before.roles.find((r) => r.name === leaving.role);
  if (role === undefined) return null;
  const stillServes = isServingAfter(before, after, leaving);
  if (stillServes) return null;
  const serving = before.machinesOf(leaving.role).filter((m) => isMachineServing(before, m)).length;
  if (serving - 1 >= role.min) return null;
  return {
    guard: "minimum",
    message: `${leaving.role} would serve with ${serving - 1}, its minimum is ${role.min}`,
  };
}

function isServingAfter(before: Roster, after: InventoryState, machine: MachineRecord): boolean {
  const roster = takeRoster(before.observed, after, before.sight, before.now);
  const record = after.machines.get(machine.name);
  return record !== undefined && isMachineServing(roster, record);
}

function leavingMachine(before: Roster, action: Action): MachineRecord | null {
  for (const change of action.changes) {
    if (change.kind === "machine") return before.state.machines.get(change.machine.name) ?? null;
    if (change.kind === "server") return before.state.machines.get(change.server.machine) ?? null;
  }
  return null;
}

function deployAndScalingNeverRace({ action, before }: Step): Violation | null {
  if (action.kind !== "drain") return null;
  const machine = before.state.machines.get(action.subject);
  const isByHand = machine?.mark !== null;
  const change = before.activeDeploy?.changes.find((c) => c.role === machine?.role);
  if (isByHand || change === undefined) return null;
  return { guard: "one at a time", message: `${change.role} is being deployed` };
}

function missingFiguresNeverShrink({ action, before }: Step): Violation | null {
  if (action.kind !== "scale") return null;
  const role = before.roles.find((r) => r.name === action.subject);
  const resized = action.changes.find((change) => change.kind === "role");
  if (role === undefined || resized?.kind !== "role") return null;
  const isByHand = role.record.pin !== null || role.target !== role.record.target;
  if (isByHand || resized.role.target >= role.record.target) return null;
  const last = before.observed.load.get(action.subject)?.at(-1);
  if (last !== undefined && before.now - last.at <= FRESH_MS) return null;
  return { guard: "fresh figures", message: `${action.subject} would shrink on missing figures` };
}

function intentComesFirst({ action, after }: Step): Violation | null {
  if (action.effect?.kind !== "launch" || after.machines.has(action.effect.machine)) return null;
  return { guard: "intent first", message: `${action.effect.machine} is not on record` };
}

function boundsHold({ action, before }: Step): Violation | null {
  if (action.kind !== "scale") return null;
  const role = before.roles.find((r) => r.name === action.subject);
  for (const change of action.changes) {
    if (change.kind !== "role" || role === undefined) continue;
    const { target } = change.role;
    if (target >= role.min && target <= role.max) continue;
    return { guard: "bounds", message: `${target} is outside ${role.min}..${role.max}` };
  }
  return null;
}

/** Taking the whole site down loses requests by intention, and the dead cannot be drained. */
function isForced(before: Roster, action: Action): boolean {
  if (before.state.settings.phase === "down" || action.kind === "forget") return true;
  const machine = before.state.machines.get(action.subject);
  if (machine === undefined) return false;
  return machine.role === "balancer" || !carriesRequests(before, machine);
}
