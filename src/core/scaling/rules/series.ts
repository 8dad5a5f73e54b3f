import { coverageMin, type Seconds } from "../seconds.ts";

/** A metric as a rule reads it: seconds between two values are filled by the earlier one. */
export interface Series {
  /** The second after the newest value; null before the first. */
  readonly end: number | null;
  readonly at: (second: number) => number | null;
  readonly mean: (from: number, to: number) => number | null;
  readonly everyS: number;
}

/** A metric of its own. */
export function seriesOf(seconds: Seconds, everyS: number): Series {
  const mean =
    everyS === 1
      ? (from: number, to: number) => seconds.mean(from, to)
      : (from: number, to: number) => sparseMean(seconds, everyS, from, to);
  return {
    get end() {
      return seconds.end;
    },
    at: (second) => seconds.at(second),
    mean,
    everyS,
  };
}

/** Two metrics of every second, added up. */
export function sumOf(first: Seconds, second: Seconds): Series {
  return {
    get end() {
      const ends = [first.end, second.end];
      return ends[0] === null || ends[1] === null ? null : Math.min(ends[0] ?? 0, ends[1] ?? 0);
    },
    at(at) {
      const one = first.at(at);
      const other = second.at(at);
      return one === null || other === null ? null : one + other;
    },
    mean(from, to) {
      const one = first.mean(from, to);
      const other = second.mean(from, to);
      return one === null || other === null ? null : one + other;
    },
    everyS: 1,
  };
}

/** The newest value of [end - seconds, end); NaN where there is none. */
export function newest(series: Series, end: number, seconds: number): number {
  const last = series.end;
  if (last === null) return Number.NaN;
  const from = end - seconds;
  for (let at = Math.min(end, last) - 1; at >= from; at -= 1) {
    const value = series.at(at);
    if (value !== null) return value;
  }
  return Number.NaN;
}

/** The values of [from, to), oldest first; null when too few of those that should be there are. */
export function valuesIn(
  series: Series,
  from: number,
  to: number,
): { readonly seconds: readonly number[]; readonly values: readonly number[] } | null {
  const seconds: number[] = [];
  const values: number[] = [];
  for (let at = from; at < to; at += 1) {
    const value = series.at(at);
    if (value === null) continue;
    seconds.push(at);
    values.push(value);
  }
  const isEnough = values.length >= enough(to - from, series.everyS);
  return isEnough ? { seconds, values } : null;
}

function sparseMean(seconds: Seconds, everyS: number, from: number, to: number): number | null {
  let sum = 0;
  let seen = 0;
  for (let at = from; at < to; at += 1) {
    const value = seconds.at(at);
    if (value === null) continue;
    sum += value;
    seen += 1;
  }
  return seen >= enough(to - from, everyS) ? sum / seen : null;
}

/** How many values a window must hold to be believed. */
function enough(seconds: number, everyS: number): number {
  return Math.max(1, Math.floor((seconds / everyS) * coverageMin));
}
