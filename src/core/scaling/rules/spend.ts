import type { ScalingPolicy, Spending } from "../policy.ts";
import type { Reckoning } from "./reasons.ts";

export interface Purse {
  readonly rules: ScalingPolicy["rules"];
  readonly bounds: ScalingPolicy["bounds"];
  readonly spending: Spending | null;
}

/**
 * No more machines than may be paid for: an hour of them by the hour's cap, and another hour of them by what the month
 * has left. The minimum is always paid for.
 */
export function spend(reckoning: Reckoning, { rules, bounds, spending }: Purse): void {
  const { spend } = rules;
  if (spend === null || spending === null || !spend.isCap) return;
  const { machineHour, thisMonth } = spending;
  if (machineHour <= 0) return;
  const { currency, perHour, perMonth } = spend;
  const affordable = (amount: number): number =>
    Math.max(bounds.min, Math.floor(Math.max(0, amount) / machineHour + roundingSlack));
  if (perHour !== null) {
    const sentence = `${perHour} ${currency} an hour may be spent, a machine costs ${machineHour}`;
    reckoning.atMost("spend", { amount: affordable(perHour), sentence });
  }
  if (perMonth !== null) {
    const sentence = `${perMonth} ${currency} a month may be spent, ${thisMonth} are`;
    reckoning.atMost("spend", { amount: affordable(perMonth - thisMonth), sentence });
  }
}
const roundingSlack = 1e-9;
