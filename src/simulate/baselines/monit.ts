import type { Policy } from "../policy.ts";
import { utilisation } from "./means.ts";

const cycleS = 60;
const ageS = 1;
const high = { above: 0.7, cycles: 5 };
const low = { below: 0.5, cycles: 10 };

/** One machine more after five busy minutes, one less after ten calm ones: what a watchdog's triggers can say. */
export function createMonit(): Policy {
  let highCycles = 0;
  let lowCycles = 0;
  return {
    name: "monit +1",
    tickS: cycleS,
    decide(view, second) {
      const used = utilisation(view, second, { lengthS: cycleS, ageS });
      if (used === null) return null;
      highCycles = used > high.above ? highCycles + 1 : 0;
      lowCycles = used < low.below ? lowCycles + 1 : 0;
      const { desired } = view.pool;
      if (highCycles >= high.cycles) {
        highCycles = 0;
        return desired + 1;
      }
      if (lowCycles < low.cycles) return desired;
      lowCycles = 0;
      return desired - 1;
    },
  };
}
