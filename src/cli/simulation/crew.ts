import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome, TrialWish } from "../../simulate/trial.ts";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";

const workersMax = 8;

/** Runs trials on as many threads as there are cores, and tells how many are done. Ctrl-C ends it. */
export interface Crew {
  run(trials: readonly TrialWish[]): Promise<readonly Outcome[]>;
  end(): Promise<void>;
}

export function createCrew(onDone: () => void): Crew {
  const idle: Worker[] = [];
  const workers: Worker[] = [];
  const stop = Promise.withResolvers<never>();
  // Nobody may be waiting when it comes.
  stop.promise.catch(() => undefined);
  const onInterrupt = (): void => {
    const facts = { code: "interrupted", exit: exitCodes.interrupted };
    stop.reject(new CliError("Stopped; nothing was changed", facts));
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const hire = (): Worker => {
    const worker = new Worker(workerFile());
    workers.push(worker);
    return worker;
  };
  return {
    async run(trials) {
      const outcomes: Outcome[] = [];
      const left = [...trials.entries()];
      const work = async (): Promise<void> => {
        const worker = idle.pop() ?? hire();
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const [at, trial] = next;
          outcomes[at] = await ask(worker, trial);
          onDone();
        }
        idle.push(worker);
      };
      const hands = Math.min(workersMax, availableParallelism(), trials.length);
      await Promise.race([Promise.all(Array.from({ length: hands }, work)), stop.promise]);
      return outcomes;
    },
    async end() {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onInterrupt);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
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
