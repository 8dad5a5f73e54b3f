import { aimNeed, newMemory } from "../core/scaling/aim/aim.ts";
import type { AimBounds } from "../core/scaling/aim/aim.ts";
import { usualTuning } from "../core/scaling/aim/tuning.ts";
import type { Tuning } from "../core/scaling/aim/tuning.ts";
import type { Policy } from "./policy.ts";

/** Half as often as the live controller: it comes to the same, in half the time. */
const tickS = 2;

/** The product's own policy behind `aim`, as it decides for a live site. */
export function createAim(bounds: AimBounds, tuning: Tuning = usualTuning): Policy {
  let memory = newMemory;
  return {
    name: "aim",
    tickS,
    decide(view, second) {
      const voice = aimNeed(bounds, memory, view, second, tuning);
      memory = voice.memory;
      return voice.need;
    },
  };
}
