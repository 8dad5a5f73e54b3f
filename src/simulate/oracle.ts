import { runFluid } from "./fluid.ts";
import type { Model, Scenario } from "./model.ts";
import type { Policy } from "./policy.ts";
import { badShare } from "./result.ts";
import type { Result } from "./result.ts";

/** The cheapest staffing that keeps slow and failed requests below this is the unit of cost. */
const oracleBadMax = 0.0009;
/** How many times the square root of the load is kept free. */
const spares = [0, 0.25, 0.5, 0.75, 1, 1.5];
const stepS = 10;
/** A machine that is cold is launched this much earlier, at the most. */
const coldLeadMaxS = 30;

/** A plan made with the future in hand, and what came of it. */
export interface Clairvoyant {
  readonly scenario: Scenario;
  readonly createPolicy: () => Policy;
  readonly result: Result;
}

/** Who knows all arrivals: machines are launched in time and kept only as long as that is cheaper. */
export function findClairvoyant(scenario: Scenario): Clairvoyant {
  let found = attempt(scenario, spares[0] ?? 0);
  for (const spare of spares.slice(1)) {
    if (badShare(found.result) < oracleBadMax) break;
    found = attempt(scenario, spare);
  }
  return found;
}

function attempt(given: Scenario, spare: number): Clairvoyant {
  const { arrivals } = given;
  const plan = planAhead(given, spare);
  // It knows how long each machine will take, too.
  const model = { ...given.model, bootJitter: 0 };
  const scenario = { ...given, model, startMachines: plan[0] ?? model.min };
  const createPolicy = (): Policy => ({
    name: "clairvoyant",
    tickS: 1,
    decide: (_, second) => plan[second - arrivals.startS] ?? null,
  });
  return { scenario, createPolicy, result: runFluid(scenario, createPolicy()) };
}

/** Machines wanted by second. */
function planAhead({ arrivals, model }: Scenario, spare: number): Int32Array {
  const length = arrivals.rates.length;
  const need = needBySteps(arrivals.rates, model, spare);
  const leadS = model.bootS * (1 + model.bootJitter) + Math.min(model.coldS, coldLeadMaxS);
  const plan = new Int32Array(length + 1);
  const most = need.reduce((max, machines) => Math.max(max, machines), 0);
  // Each level on its own: the n-th machine is kept over a lull that is shorter than the way back.
  for (let level = 1; level <= most; level += 1) {
    let open: { from: number; to: number } | null = null;
    for (let step = 0; step < need.length; step += 1) {
      if ((need[step] ?? 0) < level) continue;
      const from = Math.max(0, Math.floor(step * stepS - leadS));
      const to = Math.min(length, (step + 1) * stepS);
      if (open !== null && from <= open.to) {
        open.to = to;
        continue;
      }
      if (open !== null) plan[open.to] = (plan[open.to] ?? 0) - 1;
      plan[from] = (plan[from] ?? 0) + 1;
      open = { from, to };
    }
    if (open !== null) plan[open.to] = (plan[open.to] ?? 0) - 1;
  }
  for (let i = 1; i <= length; i += 1) plan[i] = (plan[i] ?? 0) + (plan[i - 1] ?? 0);
  return plan;
}

function needBySteps(rates: Float64Array, model: Model, spare: number): Int32Array {
  const need = new Int32Array(Math.ceil(rates.length / stepS));
  for (let step = 0; step < need.length; step += 1) {
    const window = rates.subarray(step * stepS, (step + 1) * stepS);
    const busy = (window.reduce((sum, rate) => sum + rate, 0) / window.length) * model.serviceS;
    const machines = Math.ceil((busy + spare * Math.sqrt(busy)) / model.slots);
    need[step] = Math.min(model.max, Math.max(model.min, machines));
  }
  return need;
}
