import type { Seconds } from "../seconds.ts";
import type { Tuning } from "./tuning.ts";

/**
 * How much more comes after a machine's start than when it was ordered, as a share, in the root of the mean of squares:
 * 0.06 is what chance alone does, 0.3 a site that jumps all the time.
 */
export interface Restlessness {
  readonly meanSquare: number;
  readonly seenAt: number;
}

const everyS = 30;
const riseMax = 1;
export const calm: Restlessness = { meanSquare: 0.06 ** 2, seenAt: 0 };

export function feelRestlessness(
  known: Restlessness,
  arrivals: Seconds,
  leadS: number,
  now: number,
  tuning: Tuning,
): Restlessness {
  if (now - known.seenAt < everyS && now >= known.seenAt) return known;
  const lag = Math.max(60, leadS);
  const last = arrivals.mean(now - 60, now);
  const before = arrivals.mean(now - 60 - lag, now - lag);
  if (last === null || before === null) return known;
  // One request a second more is much for a site that has hardly any, and means nothing.
  const rise = Math.min(riseMax, Math.max(0, (last + 1) / (before + 1) - 1));
  const kept = 0.5 ** (everyS / tuning.restlessHalfLifeS);
  return { meanSquare: kept * known.meanSquare + (1 - kept) * rise ** 2, seenAt: now };
}

/** The share of room beyond the expected load. */
export function marginFor(restlessness: Restlessness, tuning: Tuning): number {
  const more = Math.max(0, Math.sqrt(restlessness.meanSquare) - tuning.chanceRestlessness);
  return Math.min(tuning.marginMax, tuning.margin + tuning.marginPerRestlessness * more);
}
