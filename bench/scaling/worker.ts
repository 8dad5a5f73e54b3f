/** Runs jobs beside others, one after the other. */
import { parentPort } from "node:worker_threads";
import { runJob } from "./jobs.ts";
import type { Job } from "./jobs.ts";

parentPort?.on("message", (job: Job) => parentPort?.postMessage(runJob(job)));
