import type { Earlier } from "../../core/scaling/view.ts";
import type { Policy } from "../policy.ts";
import { dayS, hourS, ratesOfHour } from "./hourly.ts";
import { createTargetTracking } from "./target-tracking.ts";
import type { TargetTrackingSettings } from "./target-tracking.ts";

const days = 14;
/** It acts this long before the hour. */
const aheadS = 300;

/** Predictive scaling of EC2 Auto Scaling beside target tracking: an hourly forecast that never shrinks; the higher counts. */
export function createPredictive(settings: TargetTrackingSettings): Policy {
  const tracking = createTargetTracking(settings);
  let forecastFor = Number.NaN;
  let rate: number | null = null;
  return {
    name: `${tracking.name} + predictive`,
    tickS: tracking.tickS,
    decide(view, second) {
      const wanted = tracking.decide(view, second);
      const hour = Math.floor((second + aheadS) / hourS) * hourS;
      if (hour !== forecastFor && view.earlier !== null) rate = forecast(view.earlier, hour);
      forecastFor = hour;
      if (rate === null) return wanted;
      const machines = Math.ceil((rate * view.model.serviceS) / view.model.slots / settings.target);
      return Math.max(wanted ?? view.pool.desired, machines);
    },
  };
}

/** The same hour of the two weeks before; the same weekday counts twice. */
function forecast(earlier: Earlier, hour: number): number | null {
  let sum = 0;
  let weights = 0;
  for (let day = 1; day <= days; day += 1) {
    const rates = ratesOfHour(earlier, hour - day * dayS);
    if (rates.length === 0) continue;
    const weight = day % 7 === 0 ? 2 : 1;
    sum += (weight * rates.reduce((total, rate) => total + rate, 0)) / rates.length;
    weights += weight;
  }
  return weights === 0 ? null : sum / weights;
}
