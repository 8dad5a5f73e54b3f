import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome, TrialWish } from "../../simulate/trial.ts";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";

/** Runs trials on as many threads as there are cores. Ctrl-C ends it. */
export interface Crew {
  run(trials: readonly TrialWish[], onDone: () => void): Promise<readonly Outcome[]>;
  /** The same; none is begun when it is over, and null stands for those. */
  runUntil(
    isOver: () => boolean,
    trials: readonly TrialWish[],
    onDone: () => void,
  ): Promise<readonly (Outcome | null)[]>;
  end(): Promise<void>;
}

const workersMax = 8;
/** Each second leaves a few kilobytes behind: they should not be looked through too often. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** Its first thread loads the engine while the trace is read. */
export function createCrew(): Crew {
  const workers: Worker[] = [];
  const hire = (): Worker => {
    const worker = new Worker(workerFile(), { resourceLimits });
    workers.push(worker);
    return worker;
  };
  const idle = [hire()];
  const runUntil: Crew["runUntil"] = async (isOver, trials, onDone) => {
    const outcomes: (Outcome | null)[] = trials.map(() => null);
    const left = [...trials.entries()];
    const work = async (): Promise<void> => {
      const worker = idle.pop() ?? hire();
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        if (isOver()) break;
        const [at, trial] = next;
        outcomes[at] = await ask(worker, trial);
        onDone();
      }
      idle.push(worker);
    };
    const hands = Math.min(workersMax, availableParallelism(), trials.length);
    await unlessInterrupted(() => Promise.all(Array.from({ length: hands }, work)));
    return outcomes;
  };
  return {
    runUntil,
    async run(trials, onDone) {
      const outcomes = await runUntil(() => false, trials, onDone);
      return outcomes.filter((outcome) => outcome !== null);
    },
    async end() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Before that Ctrl-C ends the program by itself, even where a pipe is read that nobody writes. */
async function unlessInterrupted(work: () => Promise<unknown>): Promise<void> {
  const stop = Promise.withResolvers<never>();
  const onInterrupt = (): void => {
    const facts = { code: "interrupted", exit: exitCodes.interrupted };
    stop.reject(new CliError("Stopped; nothing was changed", facts));
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  try {
    await Promise.race([work(), stop.promise]);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/** A checkout runs the source, a package what was built of it. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith(".ts");
  return new URL(isSource ? "worker.ts" : "worker.js", import.meta.url);
}

function ask(worker: Worker, trial: TrialWish): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (outcome: Outcome) => {
      worker.off("error", reject);
      resolve(outcome);
    });
    worker.postMessage(trial);
  });
}
