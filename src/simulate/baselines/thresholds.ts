import type { Policy, SimulatedView } from "../policy.ts";
import { utilisation } from "./means.ts";

const tickS = 10;
const ageS = 1;
const windowS = 30;
const queueS = 10;
const cooldownS = 20;
const calmS = 300;
const calmAgainS = 60;
const slowS = 0.6;
/** A percentile of fewer answers says nothing. */
const answersMin = 50;

/** Thresholds on queue, response time and CPU with steps that depend on the situation, as an operator would write them. */
export function createThresholds(): Policy {
  let busyAtS = 0;
  let growFromS = 0;
  return {
    name: "thresholds",
    tickS,
    decide(view, second) {
      const used = utilisation(view, second, { lengthS: windowS, ageS });
      const queue = view.balancer.queue.mean(second - ageS - queueS, second - ageS);
      if (used === null || queue === null) return null;
      const { booting, desired } = view.pool;
      if (second >= growFromS) {
        const wanted = grow(view, second, { used, queue });
        if (wanted > desired) {
          growFromS = second + cooldownS;
          busyAtS = second;
          return wanted;
        }
      }
      if (used >= 0.5 || booting > 0 || queue > 0) busyAtS = second;
      if (second - busyAtS < calmS) return desired;
      busyAtS = second - calmS + calmAgainS;
      return desired - (used < 0.25 ? Math.max(1, Math.floor(desired * 0.2)) : 1);
    },
  };
}

interface Load {
  readonly used: number;
  readonly queue: number;
}

function grow(view: SimulatedView, second: number, { used, queue }: Load): number {
  const { ready } = view.pool;
  if (queue > ready * view.machine.slots) return ready * 2;
  if (queue >= 1 || isSlow(view, second)) return ready + Math.max(2, Math.ceil(ready * 0.5));
  if (used > 0.85) return ready + 3;
  return used > 0.7 ? ready + 1 : 0;
}

function isSlow({ responses }: SimulatedView, second: number): boolean {
  const answer = responses?.quantile(0.95, second - ageS - windowS, second - ageS) ?? null;
  return answer !== null && answer.answers >= answersMin && answer.seconds > slowS;
}
