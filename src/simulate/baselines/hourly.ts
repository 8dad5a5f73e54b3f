import type { Earlier } from "../../core/scaling/view.ts";
import { bucketS } from "../history.ts";

export const hourS = 3_600;
export const dayS = 86_400;

/** The five minutes of the hour that begins at `hour`, as far as they are known. */
export function ratesOfHour(earlier: Earlier, hour: number): readonly number[] {
  const rates: number[] = [];
  for (let second = hour; second < hour + hourS; second += bucketS) {
    const rate = earlier.rate(second);
    if (rate !== null) rates.push(rate);
  }
  return rates;
}
