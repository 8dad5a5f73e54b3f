/** Runs trials beside the command line, one after the other, so that it can still be interrupted. */
import { parentPort } from "node:worker_threads";
import { runTrial } from "../../simulate/trial.ts";
import type { TrialWish } from "../../simulate/trial.ts";

parentPort?.on("message", (wish: TrialWish) => parentPort?.postMessage(runTrial(wish)));
