import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FuzzInput } from "./input.ts";
import { createRandom } from "./random.ts";

export interface FuzzPlan {
  readonly seed: number;
  readonly cases: number;
  /** The first case: a case that was named can be run alone. */
  readonly from: number;
}

export interface FuzzCrash {
  readonly case: number;
  readonly message: string;
}

export interface InputResult {
  readonly input: string;
  readonly cases: number;
  readonly crashes: readonly FuzzCrash[];
  readonly slowestMs: number;
  readonly peakMb: number;
}

/** Where a watchdog looks: the number of the case that runs, and when it began. */
export interface Progress {
  begin(step: number): void;
  end(): void;
}

/** More of them say the same. */
const crashesMax = 20;
/** What stays behind after so many cases is no cache any more. */
const leakMbMax = 48;
const megabyte = 1024 * 1024;
/** Both ends of the measurement are past the warming up. */
const settledShare = 0.3;

/** Runs the cases one after the other in this thread. */
export async function runInput(
  input: FuzzInput,
  plan: FuzzPlan,
  progress: Progress,
): Promise<InputResult> {
  const fuzzer = await input.open();
  const crashes: FuzzCrash[] = [];
  let [slowestMs, peakMb, settledMb, step] = [0, memoryMb(), Number.NaN, plan.from];
  const end = plan.from + plan.cases;
  try {
    for (; step < end && crashes.length < crashesMax; step++) {
      progress.begin(step);
      const startedAt = performance.now();
      try {
        const running = fuzzer.run(createRandom(plan.seed, step));
        if (running !== undefined) await running;
      } catch (error) {
        const message = error instanceof Error ? (error.stack ?? "") : String(error);
        // One slip is met many times.
        if (crashes.every((crash) => crash.message !== message))
          crashes.push({ case: step, message });
      }
      progress.end();
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      if (step % 256 === 0) {
        peakMb = Math.max(peakMb, memoryMb());
        // A loop that never waits would starve timers and what streams do afterwards.
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (step === plan.from + Math.floor(plan.cases * settledShare)) settledMb = settledHeapMb();
    }
    const grownMb = settledHeapMb() - settledMb;
    if (grownMb > leakMbMax) {
      const message = `the heap has grown by ${Math.round(grownMb)} MB in ${plan.cases} cases`;
      crashes.push({ case: step, message });
    }
  } finally {
    await fuzzer.close?.();
  }
  return { input: input.name, cases: step - plan.from, crashes, slowestMs, peakMb };
}

function memoryMb(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / megabyte;
}

function settledHeapMb(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return memoryMb();
}
