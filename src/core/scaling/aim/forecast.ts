import type { Earlier } from "../view.ts";

/** Requests a second that earlier days let expect, null when none is known, and when that was looked up. */
export interface Forecast {
  readonly rate: number | null;
  readonly at: number;
}

const lookedUpEveryS = 60;
/** What is launched now serves from then on: [seconds from that moment]. */
const reach = [-60, 40, 140] as const;
const stepS = 300;
const dayS = 86_400;
const days = [1, 2, 3, 7];
/** The last half hour says how today compares. */
const comparedSteps = 6;
const ratioMin = 0.4;
const ratioMax = 2.5;

/** The most that is to be expected when a machine that is ordered now has come, and shortly after. */
export function lookAhead(
  known: Forecast,
  earlier: Earlier | null,
  leadS: number,
  now: number,
): Forecast {
  if (earlier === null) return { rate: null, at: now };
  if (now - known.at < lookedUpEveryS && now >= known.at) return known;
  const rates = reach.flatMap((beyond) => {
    const rate = sameTimeOnEarlierDays(earlier, now + leadS + beyond, now);
    return rate === null ? [] : [rate];
  });
  return { rate: rates.length === 0 ? null : Math.max(...rates), at: now };
}

/**
 * What is to be expected at `second`, from the same time on earlier days, corrected to today's level: the median over those
 * days that are known; null when none is.
 */
function sameTimeOnEarlierDays(earlier: Earlier, second: number, now: number): number | null {
  const step = Math.floor(second / stepS) * stepS;
  const thisStep = Math.floor(now / stepS) * stepS;
  const expected: number[] = [];
  for (const day of days) {
    const then = earlier.rate(step - day * dayS);
    const ratio = then === null ? null : ratioToDay(earlier, thisStep, day * dayS);
    if (then !== null && ratio !== null) expected.push(then * ratio);
  }
  expected.sort((a, b) => a - b);
  return expected[expected.length >> 1] ?? null;
}

function ratioToDay(earlier: Earlier, thisStep: number, agoS: number): number | null {
  let today = 0;
  let then = 0;
  for (let step = 1; step <= comparedSteps; step += 1) {
    const now = earlier.rate(thisStep - step * stepS);
    const before = earlier.rate(thisStep - step * stepS - agoS);
    if (now === null || before === null) return null;
    today += now;
    then += before;
  }
  if (then <= 0) return null;
  return Math.min(ratioMax, Math.max(ratioMin, today / then));
}
