import type { Action, Hold, StepResult } from "../action.ts";
import type { Role } from "../desired.ts";
import { spendingOf } from "../cost/spending.ts";
import type { Instant } from "../instant.ts";
import { bootSecondsOf } from "../machines/boot-times.ts";
import type { DesiredRole } from "../roles.ts";
import { isMachineServing } from "../roster.ts";
import type { Roster } from "../roster.ts";
import { decide } from "./decision.ts";
import type { Decision } from "./decision.ts";
import { createFigures, FRESH_MS } from "./figures.ts";
import { inputsOf } from "./decision-record.ts";
import type { DecisionInputs, DecisionRecord } from "./decision-record.ts";
import type { DecisionView } from "./policy.ts";
import { policyFor, slotsOf } from "./role-policy.ts";
import { emptyDecisionState } from "./rules/state.ts";
import { summarize } from "./summarize.ts";

/** Sets each role's target: what the operator pinned, else what its rules or the aim want. */
export function scaleRoles(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  const decisions = new Map<string, Decision>();
  const records: DecisionRecord[] = [];
  if (roster.state.settings.phase === "down") return { actions, holds };
  for (const desired of roster.roles) {
    const { name, role, record, target, targetReason } = desired;
    if (role === null) continue;
    const { decision, inputs } = decisionFor(roster, desired, role);
    decisions.set(name, decision);
    const size = sizeOf(roster, desired, decision);
    records.push(recordOf(roster, desired, { size, decision, inputs }));
    if (size.machines === target) {
      holds.push({ subject: name, reason: size.reason });
      // The site file's bounds may have moved under a target on record.
      if (target === record.target) continue;
    }
    const isMoved = size.machines !== target;
    const reason = isMoved ? size.reason : targetReason;
    const { machines } = size;
    const resized = { ...record, target: machines, targetReason: reason, targetAt: roster.now };
    actions.push({
      kind: "scale",
      subject: name,
      reason: `${record.target} → ${machines}: ${reason}`,
      changes: [{ kind: "role", role: resized }],
      effect: null,
    });
  }
  return { actions, holds, decisions, records };
}

interface Size {
  readonly machines: number;
  readonly by: DecisionRecord["by"];
  readonly reason: string;
}

function sizeOf(roster: Roster, desired: DesiredRole, decision: Decision): Size {
  const { min, max, target, record } = desired;
  const pinned = pinnedTo(desired, record.pin, roster.now);
  if (pinned !== null) return pinned;
  if (min === max) {
    return { machines: target, by: "site file", reason: `the site file wants ${min}` };
  }
  const told = summarize(decision);
  if (decision.isActing) return { machines: decision.desired, by: "rules", reason: told };
  const reason = `in shadow: ${decision.desired} machines; ${told}`;
  return { machines: target, by: "shadow", reason };
}

interface Decided {
  readonly size: Size;
  readonly decision: Decision;
  readonly inputs: DecisionInputs;
}

function recordOf(
  { now: at }: Roster,
  { name: role, record }: DesiredRole,
  { size, decision, inputs }: Decided,
): DecisionRecord {
  const { desired: wanted, reasons, near } = decision;
  const { machines: to, by, reason: sentence } = size;
  return { role, at, from: record.target, to, by, wanted, sentence, reasons, near, inputs };
}

/** What the role's rules say now, whoever acts on it. */
function decisionFor(roster: Roster, desired: DesiredRole, role: Role): Omit<Decided, "size"> {
  const { name, min, max } = desired;
  const view = viewOf(roster, desired, role);
  const former = roster.observed.scaling.get(name);
  const second = secondOf(view, roster.now);
  const state = former?.state ?? emptyDecisionState;
  const decision = told(decide(policyFor(role, { min, max }), state, view, second), former);
  return { decision, inputs: inputsOf(view, decision, second) };
}

/** Asked again within a second it says only that: why it was decided is what it said before. */
function told(decision: Decision, former: Decision | undefined): Decision {
  const isAgain = decision.reasons[0]?.step === "again";
  if (!isAgain || former?.desired !== decision.desired || former.reasons.length === 0) {
    return decision;
  }
  return { ...decision, reasons: former.reasons, near: former.near };
}

function viewOf(roster: Roster, { name, target }: DesiredRole, role: Role): DecisionView {
  const { observed, state } = roster;
  const figures = observed.figures.get(name) ?? noFigures;
  const machines = roster.machinesOf(name);
  const ready = machines.filter((machine) => isMachineServing(roster, machine)).length;
  return {
    ...figures,
    pool: { ready, booting: Math.max(0, target - ready), desired: target },
    machine: { slots: slotsOf(role), bootS: bootSecondsOf(state, name) ?? BOOT_S },
    earlier: observed.earlier.get(name) ?? null,
    // Without a limit nobody asks for it.
    spending: role.scaling.rules?.spend ? spendingOf(state, name, roster.now) : null,
  };
}

const noFigures = createFigures();
/** What a machine takes to start where none has started yet. */
const BOOT_S = 5;

/** Whole seconds up to the newest figure, which comes a little later than it was taken. */
function secondOf({ balancer }: DecisionView, now: Instant): number {
  const next = Math.floor(now / 1_000) + 1;
  const end = balancer.arrivals.end ?? next;
  return end <= next && (next - end) * 1_000 <= FRESH_MS ? end : next;
}

function pinnedTo(
  { min, max }: DesiredRole,
  pin: DesiredRole["record"]["pin"],
  now: Instant,
): Size | null {
  if (pin === null || (pin.until !== null && pin.until <= now)) return null;
  const machines = Math.min(Math.max(pin.machines, min), max);
  return { machines, by: "pin", reason: `pinned to ${machines}` };
}
