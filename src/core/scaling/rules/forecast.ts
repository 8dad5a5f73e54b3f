import type { Earlier } from "../view.ts";
import { rise } from "./line.ts";
import { newest, valuesIn, type Series } from "./series.ts";
import type { Sight } from "./sight.ts";

/** The level of now is the mean over this time. */
const levelS = 60;
/** A trend is what this time shows. */
const trendS = 300;
/** Days back on which the same time is looked at. */
const earlierDays = [1, 2, 3, 7];
const dayS = 86_400;
const bucketS = 300;
/** How busy today is: the last half hour against the same one of that day … */
const comparedS = 1_800;
/** … within these bounds, and no forecast is more than so many times what comes now. */
const ratioMin = 0.4;
const ratioMax = 2.5;
const levelTimesMax = 4;

/**
 * What the metric will be. Arrivals: not less than now, and as much as came at that time on earlier days, corrected
 * to how busy today is. Anything else: where the line of the last minutes leads.
 */
export function forecastOf(metric: string, leadS: number, sight: Sight, end: number): number {
  const series = sight.series(metric);
  if (series === null || !Number.isFinite(leadS)) return Number.NaN;
  if (metric !== "arrivals") return lineAhead(series, leadS, sight, end);
  const level = series.mean(end - levelS, end) ?? Number.NaN;
  if (Number.isNaN(level) || sight.view.earlier === null) return level;
  const then = expected(sight.view.earlier, end, leadS);
  return then === null ? level : Math.max(level, Math.min(then, level * levelTimesMax));
}

function expected(earlier: Earlier, end: number, leadS: number): number | null {
  const today = meanRate(earlier, end - comparedS, end);
  const days = earlierDays.flatMap((days) => {
    const back = days * dayS;
    const rate = rateAt(earlier, end + leadS - back);
    const then = meanRate(earlier, end - back - comparedS, end - back);
    if (rate === null || then === null || today === null || then === 0) return [];
    return [rate * Math.min(Math.max(today / then, ratioMin), ratioMax)];
  });
  const sorted = days.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

function rateAt(earlier: Earlier, second: number): number | null {
  return earlier.rate(Math.floor(second / bucketS) * bucketS);
}

function meanRate(earlier: Earlier, from: number, to: number): number | null {
  let sum = 0;
  let seen = 0;
  for (let at = Math.ceil(from / bucketS) * bucketS; at + bucketS <= to; at += bucketS) {
    const rate = earlier.rate(at);
    if (rate === null) continue;
    sum += rate;
    seen += 1;
  }
  return seen === 0 ? null : sum / seen;
}

function lineAhead(series: Series, leadS: number, sight: Sight, end: number): number {
  const reachS = Math.max(sight.olderS, series.everyS);
  const level = newest(series, end, reachS);
  const found = valuesIn(series, end - trendS, end);
  if (Number.isNaN(level) || found === null) return Number.NaN;
  const ahead = level + rise(found.seconds, found.values) * leadS;
  return Math.max(0, Number.isNaN(ahead) ? level : ahead);
}
