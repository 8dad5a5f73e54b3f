import { assert } from "../assert.ts";

/** A figure over the last while, one value a second; seconds are whole numbers since any fixed moment. */
export interface Seconds {
  /** The second after the newest value; null before the first. */
  readonly end: number | null;
  /** Mean of the values of [from, to); null when fewer than `coverageMin` of these seconds have one. */
  mean(from: number, to: number): number | null;
  /** How many seconds of [from, to) have a value. */
  count(from: number, to: number): number;
  /** Null where nobody said. */
  at(second: number): number | null;
}

/** Where seconds are written down. */
export interface SecondsRecord extends Seconds {
  /** The later of two values of one second counts. What is not newer than the newest second, or no number, is left out. */
  put(second: number, value: number): void;
}

/** A mean over fewer of its seconds says too little. */
export const coverageMin = 0.8;

/** Who is further behind the newest second than this has a clock that was set back, and begins anew. */
const backMax = 60;

/** Keeps the last `length` seconds. */
export function createSeconds(length: number): SecondsRecord {
  assert(Number.isInteger(length) && length > 0, "seconds are kept for a whole, positive length");
  const values = new Float64Array(length).fill(Number.NaN);
  // Running sums, so that a mean costs the same however long its window is: index i holds those up to, not with, i.
  const sums = new Float64Array(length + 1);
  const counts = new Float64Array(length + 1);
  let end: number | null = null;
  let first = 0;
  // Places count from here, as small integers: the remainder of a large one costs ten times as much.
  let origin = 0;
  const slot = (second: number): number => ((second - origin) | 0) % length;
  const mark = (second: number): number => ((second - origin) | 0) % (length + 1);

  const append = (second: number, value: number): void => {
    const isThere = !Number.isNaN(value);
    const here = mark(second);
    const next = here === length ? 0 : here + 1;
    values[slot(second)] = value;
    sums[next] = (sums[here] ?? 0) + (isThere ? value : 0);
    counts[next] = (counts[here] ?? 0) + (isThere ? 1 : 0);
    end = second + 1;
    first = Math.max(first, second + 1 - length);
  };
  const restart = (second: number): void => {
    first = second;
    origin = second;
    sums[mark(second)] = 0;
    counts[mark(second)] = 0;
  };
  const low = (from: number): number => Math.max(from, first);
  const high = (to: number): number => Math.min(to, end ?? first);
  const between = (sums: Float64Array, from: number, to: number): number =>
    high(to) > low(from) ? (sums[mark(high(to))] ?? 0) - (sums[mark(low(from))] ?? 0) : 0;
  return {
    get end() {
      return end;
    },
    put(second, value) {
      assert(Number.isInteger(second), "a second is a whole number");
      if (!Number.isFinite(value)) return;
      const hasJumped = end !== null && (second - end >= length || end - second > backMax);
      if (hasJumped) end = null;
      if (end === null) restart(second);
      else if (second === end - 1) end = second;
      else if (second < end) return;
      for (let gap = end ?? second; gap < second; gap += 1) append(gap, Number.NaN);
      append(second, value);
    },
    mean(from, to) {
      const seen = between(counts, from, to);
      if (seen === 0 || seen < (to - from) * coverageMin) return null;
      return between(sums, from, to) / seen;
    },
    count: (from, to) => between(counts, from, to),
    at(second) {
      if (end === null || second < first || second >= end) return null;
      const value = values[slot(second)] ?? Number.NaN;
      return Number.isNaN(value) ? null : value;
    },
  };
}
