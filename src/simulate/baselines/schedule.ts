import type { Earlier } from "../../core/scaling/view.ts";
import type { Policy } from "../policy.ts";
import { dayS, hourS, ratesOfHour } from "./hourly.ts";

const tickS = 60;
const days = 7;
const quantile = 0.95;
const utilisationWanted = 0.7;
/** It grows this long before the hour. */
const aheadS = 600;

/** A timetable by the hour, written from the peaks of the week before and never looked at again. */
export function createSchedule(): Policy {
  let peaks: readonly number[] | null = null;
  return {
    name: "schedule",
    tickS,
    decide({ earlier, model }, second) {
      if (earlier === null) return null;
      peaks ??= Array.from({ length: 24 }, (_, hour) => usualPeak(earlier, second, hour));
      const peakAt = (at: number): number => peaks?.[Math.floor((at % dayS) / hourS)] ?? 0;
      const rate = Math.max(peakAt(second), peakAt(second + aheadS));
      return Math.ceil((rate * model.serviceS) / model.slots / utilisationWanted);
    },
  };
}

function usualPeak(earlier: Earlier, second: number, hour: number): number {
  const midnight = Math.floor(second / dayS) * dayS;
  const peaks: number[] = [];
  for (let day = 1; day <= days; day += 1) {
    const rates = ratesOfHour(earlier, midnight - day * dayS + hour * hourS);
    if (rates.length > 0) peaks.push(Math.max(...rates));
  }
  peaks.sort((a, b) => a - b);
  return peaks[Math.min(peaks.length - 1, Math.floor(quantile * peaks.length))] ?? 0;
}
