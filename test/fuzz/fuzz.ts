import { Worker } from "node:worker_threads";
import type { FuzzPlan, InputResult } from "./run-input.ts";
import type { WorkerOrder } from "./worker.ts";

/** A case that takes longer hangs. Cases take milliseconds; a busy computer may add some hundreds. */
const caseMsMax = 2_000;
/** A hundred megabytes, or a hundred thousand files, take some seconds of an honest program. */
export const giantMsMax = 60_000;
const lookMs = 100;
/** An input that makes the program take more than this would end it on a small machine. */
const heapMbMax = 768;

/** Runs an input in a thread of its own, which is ended when a case hangs. */
export function fuzzInput(
  name: string,
  plan: FuzzPlan,
  hangMs: number = caseMsMax,
): Promise<InputResult> {
  const progress = new SharedArrayBuffer(16);
  const shown = new Float64Array(progress);
  shown[0] = -1;
  const workerData: WorkerOrder = { ...plan, input: name, progress };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
  });
  return new Promise((resolve) => {
    const end = (result: InputResult): void => {
      clearInterval(watch);
      resolve(result);
      void worker.terminate();
    };
    const fail = (message: string): void => {
      const step = shown[0] ?? -1;
      const cases = Math.max(0, step - plan.from);
      const crash = { case: step, message };
      end({ input: name, cases, crashes: [crash], slowestMs: 0, peakMb: 0 });
    };
    const watch = setInterval(() => {
      const [step = -1, startedAt = 0] = shown;
      const tookMs = Date.now() - startedAt;
      if (step >= 0 && tookMs > hangMs) fail(`hangs: not done after ${tookMs} ms`);
    }, lookMs);
    worker.once("message", (result: InputResult) => end(result));
    worker.once("error", (error) => fail(`uncaught: ${(error as Error).stack ?? String(error)}`));
    worker.once("exit", (code) => fail(`the thread has ended with ${code}`));
  });
}
