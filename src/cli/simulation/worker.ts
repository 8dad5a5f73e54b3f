/** Runs trials beside the command line, one after the other, so that it can still be interrupted. */
import { enableCompileCache } from "node:module";
import { parentPort } from "node:worker_threads";
import type { TrialWish } from "../../simulate/trial.ts";

// What comes after it is compiled once, as for the command line itself.
enableCompileCache();
const { runTrial } = await import("../../simulate/trial.ts");

parentPort?.on("message", (wish: TrialWish) => parentPort?.postMessage(runTrial(wish)));
