import type { Earlier } from "../core/scaling/view.ts";
import type { FiveMinutes } from "./arrivals.ts";

/** What a site remembers of its traffic is the mean rate of every five minutes. */
export const bucketS = 300;

/** Knows what came before the window, and of the window what was counted so far: nobody can look ahead. */
export interface History extends Earlier {
  /** To be told of every second, in order. */
  count(second: number, arrivals: number): void;
}

export function createHistory(past: FiveMinutes, lengthS: number): History {
  const known = new Float64Array(past.rates.length + Math.ceil(lengthS / bucketS) + 1).fill(
    Number.NaN,
  );
  known.set(past.rates);
  let sum = 0;
  let seconds = 0;
  return {
    count(second, arrivals) {
      sum += arrivals;
      seconds += 1;
      if ((second + 1) % bucketS !== 0) return;
      // The window may begin amid five minutes; those are left out.
      if (seconds === bucketS) known[(second + 1 - past.startS) / bucketS - 1] = sum / bucketS;
      sum = 0;
      seconds = 0;
    },
    rate(second) {
      const rate = known[Math.floor((second - past.startS) / bucketS)] ?? Number.NaN;
      return Number.isNaN(rate) ? null : rate;
    },
  };
}
