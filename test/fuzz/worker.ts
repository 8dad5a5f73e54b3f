import { parentPort, workerData } from "node:worker_threads";
import { fuzzInputs, giants } from "./inputs.ts";
import { runInput } from "./run-input.ts";
import type { FuzzPlan } from "./run-input.ts";

/** What a worker is told; see `fuzz.ts`. */
export interface WorkerOrder extends FuzzPlan {
  readonly input: string;
  /** The case that runs (or -1) and when it began, as the watchdog reads them. */
  readonly progress: SharedArrayBuffer;
}

const order = workerData as WorkerOrder;
const shown = new Float64Array(order.progress);
const input = [...fuzzInputs, ...giants].find(({ name }) => name === order.input);
if (input === undefined) throw new Error(`no input is named ${order.input}`);
const result = await runInput(input, order, {
  begin(step) {
    shown[1] = Date.now();
    shown[0] = step;
  },
  end: () => void (shown[0] = -1),
});
parentPort?.postMessage(result);
