import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Job, Outcome } from "./jobs.ts";

const workersMax = 8;

/** Shares the jobs out to as many threads as there are cores. */
export async function runJobs(
  jobs: readonly Job[],
  onDone: (job: Job) => void,
): Promise<readonly Outcome[]> {
  const left = [...jobs];
  const outcomes = new Map<Job, readonly Outcome[]>();
  const crew = Math.min(workersMax, availableParallelism(), jobs.length);
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.ts", import.meta.url));
    try {
      for (let job = left.shift(); job !== undefined; job = left.shift()) {
        outcomes.set(job, await ask(worker, job));
        onDone(job);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: crew }, work));
  // In the order of the jobs, whoever was done first.
  return jobs.flatMap((job) => outcomes.get(job) ?? []);
}

function ask(worker: Worker, job: Job): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(error);
    worker.once("error", onError);
    worker.once("message", (outcomes: readonly Outcome[]) => {
      worker.off("error", onError);
      resolve(outcomes);
    });
    worker.postMessage(job);
  });
}
