import type { Policy } from "../policy.ts";
import { utilisation } from "./means.ts";

/** From this utilisation on, or down to it: a share of the capacity. */
interface Step {
  readonly at: number;
  readonly change: number;
}

/** The example of the EC2 Auto Scaling documentation; the strictest step first. */
const documentedSteps: { readonly up: readonly Step[]; readonly down: readonly Step[] } = {
  up: [
    { at: 0.7, change: 0.3 },
    { at: 0.6, change: 0.1 },
  ],
  down: [
    { at: 0.3, change: -0.3 },
    { at: 0.4, change: -0.1 },
  ],
};

const periodS = 60;
const lagS = 60;
const figuresNeeded = 2;
const warmupS = 300;

/** Step scaling of EC2 Auto Scaling with the documentation's own table, on one-minute figures. */
export function createStepScaling(): Policy {
  const figures: number[] = [];
  let shrunkAtS = Number.NEGATIVE_INFINITY;
  return {
    name: "ASG steps",
    tickS: periodS,
    decide(view, second) {
      const figure = utilisation(view, second, { lengthS: periodS, ageS: lagS });
      if (figure === null) return null;
      figures.push(figure);
      if (figures.length > figuresNeeded) figures.shift();
      const { ready, booting, desired } = view.pool;
      if (figures.length < figuresNeeded) return desired;
      // Machines that warm up are in `desired` and not in the base: the same step does not fire twice.
      if (Math.min(...figures) >= 0.6) return Math.max(desired, applySteps(ready, figure));
      const mayShrink = booting === 0 && second - shrunkAtS >= warmupS;
      if (Math.max(...figures) > 0.4 || !mayShrink) return desired;
      shrunkAtS = second;
      return applySteps(desired, figure);
    },
  };
}

/** The capacity after the step that a figure calls for. */
export function applySteps(capacity: number, figure: number): number {
  const { up, down } = documentedSteps;
  const step = up.find(({ at }) => figure >= at) ?? down.find(({ at }) => figure <= at);
  return step === undefined ? capacity : capacity + roundChange(capacity * step.change);
}

/** Toward nothing, but never to nothing. */
function roundChange(machines: number): number {
  return Math.sign(machines) * Math.max(1, Math.floor(Math.abs(machines)));
}
