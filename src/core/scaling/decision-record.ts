import type { Instant } from "../instant.ts";
import { recent } from "./aim/level.ts";
import type { KeptAim } from "./aim-policy.ts";
import type { Decision } from "./decision.ts";
import type { DecisionView } from "./policy.ts";
import type { Reason } from "./rules/reasons.ts";

/** What was decided about a role's size at one moment, and why: enough to be told months later. */
export interface DecisionRecord {
  readonly role: string;
  readonly at: Instant;
  /** Machines wanted before, and from now on. */
  readonly from: number;
  readonly to: number;
  /** Who said so: the rules or the aim, an operator's pin, a site file that leaves no choice, or rules in shadow. */
  readonly by: "rules" | "pin" | "site file" | "shadow";
  /** What the rules want; another number than `to` where somebody else decides. */
  readonly wanted: number;
  readonly sentence: string;
  readonly reasons: readonly Reason[];
  /** What would have changed it. */
  readonly near: string | null;
  readonly inputs: DecisionInputs;
}

/** Null: not known then. */
export interface DecisionInputs {
  /** Requests a second, and requests at work, the mean of ten seconds. */
  readonly arrivals: number | null;
  readonly inFlight: number | null;
  readonly queue: number | null;
  readonly ready: number;
  readonly booting: number;
  /** What the aim has learned: seconds a machine works on a request, and the share of room beyond the load. */
  readonly serviceS: number | null;
  readonly margin: number | null;
}

export interface DecisionFilter {
  /** Left out: of all roles. */
  readonly role?: string;
  readonly from: Instant;
  /** Not this moment itself. */
  readonly to: Instant;
  /** Only those with a lower number. */
  readonly before?: number;
  readonly limit: number;
}

export interface KeptDecision extends DecisionRecord {
  /** Grows with each decision that is kept. */
  readonly number: number;
}

/** Fifteen days, and of a role that changes all the time this many. */
export const decisionsKeptMs = 15 * 86_400_000;
export const decisionsKeptMax = 10_000;
/** About a day of a calm role, kept whatever the clock says. */
export const decisionsKeptMin = 300;

/** One that stands is written down again this often. */
const standsMs = 300_000;
/** Reasons that take turns are told this often. */
const turnsMs = 15_000;

/** Whether the record says something that the last one did not. */
export function isNews(last: DecisionRecord | null, next: DecisionRecord): boolean {
  if (last === null) return true;
  if (last.to !== next.to || last.by !== next.by || last.wanted !== next.wanted) return true;
  // Somebody else has set another number in between.
  if (next.from !== last.from && next.from !== last.to) return true;
  // A clock that was set back makes what stood before no younger.
  const age = Math.abs(next.at - last.at);
  if (age >= standsMs) return true;
  return age >= turnsMs && whatDecided(last) !== whatDecided(next);
}

/** Step and rule, and whether anything was seen. Figures change each second, and with them the sentences. */
function whatDecided({ reasons, inputs }: DecisionRecord): string {
  const reason = decidingOf(reasons);
  const sight = inputs.arrivals === null ? "blind" : "seeing";
  return `${sight} ${reason?.step ?? ""} ${reason?.rule ?? ""}`;
}

/** The last that moved the number. */
function decidingOf(reasons: readonly Reason[]): Reason | null {
  return reasons.findLast(({ before, after }) => before !== after) ?? null;
}

/** What the decision looked at. */
export function inputsOf(
  { balancer, pool }: DecisionView,
  { state }: Decision,
  nowS: number,
): DecisionInputs {
  const aim = state.aim as KeptAim | null;
  return {
    arrivals: recent(balancer.arrivals, nowS),
    inFlight: recent(balancer.busy, nowS),
    queue: balancer.queue.at(nowS - 1) ?? balancer.queue.at(nowS - 2),
    ready: pool.ready,
    booting: pool.booting,
    serviceS: aim?.service.seconds ?? null,
    margin: aim?.margin ?? null,
  };
}
