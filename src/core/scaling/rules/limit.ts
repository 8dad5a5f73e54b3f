import { printPace } from "./effect.ts";
import { sumOfLast, type Ledger } from "./ledger.ts";
import type { Reckoning } from "./reasons.ts";
import type { Pace, Rules } from "./rules.ts";
import type { DecisionState } from "./state.ts";

export interface Movement {
  readonly before: DecisionState;
  /** How many there are to be by now; what was decided last may not be carried out yet. */
  readonly current: number;
  readonly nowS: number;
  /** So many may come however fast the pool has grown. */
  readonly promised: number;
}

/** No faster than allowed, in each window that ends now. */
export function limit(reckoning: Reckoning, rules: Rules, movement: Movement): void {
  const { current } = movement;
  if (reckoning.machines() > current) limitGrowth(reckoning, rules, movement);
  else if (reckoning.machines() < current) limitShrinking(reckoning, rules, movement);
}

function limitGrowth(reckoning: Reckoning, { limits }: Rules, movement: Movement): void {
  const { before, nowS, promised } = movement;
  const from = Math.max(movement.current, before.asked?.desired ?? 0);
  if (nowS < (before.grownAtS ?? -Infinity) + limits.cooldownUpS) {
    const sentence = `it grew less than ${limits.cooldownUpS} s ago`;
    reckoning.atMost("limit", { amount: Math.max(from, promised), sentence });
  }
  if (limits.up !== null) {
    const moved = { same: before.ups, other: before.downs, sign: 1 } as const;
    const room = roomIn(limits.up, moved, from, nowS);
    const sentence = `no more than ${printPace(limits.up)} may be added`;
    reckoning.atMost("limit", { amount: Math.max(from + room, promised), sentence });
  }
  if (limits.launches !== null) {
    const { machines, seconds } = limits.launches;
    const room = Math.max(0, machines - sumOfLast(before.launches, nowS, seconds));
    const sentence = `no more than ${machines} launches in ${seconds} s`;
    reckoning.atMost("limit", { amount: from + room, sentence });
  }
}

function limitShrinking(reckoning: Reckoning, { limits }: Rules, movement: Movement): void {
  const { before, nowS } = movement;
  const from = Math.min(movement.current, before.asked?.desired ?? Infinity);
  if (nowS < (before.changedAtS ?? -Infinity) + limits.cooldownDownS) {
    const sentence = `it changed less than ${limits.cooldownDownS} s ago`;
    reckoning.atLeast("limit", { amount: from, sentence });
  }
  if (limits.down !== null) {
    const moved = { same: before.downs, other: before.ups, sign: -1 } as const;
    const room = roomIn(limits.down, moved, from, nowS);
    const sentence = `no more than ${printPace(limits.down)} may be given back`;
    reckoning.atLeast("limit", { amount: from - room, sentence });
  }
}

interface Moved {
  readonly same: Ledger;
  readonly other: Ledger;
  readonly sign: 1 | -1;
}

/** A share is one of what there was when the window began, as the Horizontal Pod Autoscaler takes it. */
function roomIn(pace: Pace, { same, other, sign }: Moved, from: number, nowS: number): number {
  const moved = sumOfLast(same, nowS, pace.seconds);
  const began = Math.max(0, from - sign * (moved - sumOfLast(other, nowS, pace.seconds)));
  const share =
    pace.share === null ? 0 : Math.max(1, Math.floor(pace.share * began + roundingSlack));
  return Math.max(0, Math.max(share, pace.machines ?? 0) - moved);
}
const roundingSlack = 1e-9;
