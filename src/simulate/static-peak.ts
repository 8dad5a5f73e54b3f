import { createStatic } from "./baselines/static.ts";
import { runFluid } from "./fluid.ts";
import type { Scenario } from "./model.ts";
import { badShare } from "./result.ts";
import type { Result } from "./result.ts";

const badMax = 0.001;

/** The smallest pool that never changes and keeps slow and failed requests below 0.1 %: known only afterwards. */
export function findStaticPeak(scenario: Scenario): { machines: number; result: Result } {
  const run = (machines: number): Result =>
    runFluid({ ...scenario, startMachines: machines }, createStatic(machines));
  let { min: low, max: high } = scenario.model;
  let best = { machines: high, result: run(high) };
  while (low < high) {
    const machines = (low + high) >> 1;
    const result = run(machines);
    if (badShare(result) < badMax) {
      best = { machines, result };
      high = machines;
    } else low = machines + 1;
  }
  return best;
}
