/** The load as a process of its own, so that who measures does not slow down who is measured. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startLoad } from "./visitors.ts";
import type { Load, LoadPlan, LoadResult } from "./visitors.ts";

type Order = { readonly plan: LoadPlan } | "tell" | "stop";

export interface LoadProcess {
  /** What has been counted so far. */
  tell(): Promise<LoadResult>;
  stop(): Promise<LoadResult>;
}

export function startLoadProcess(plan: LoadPlan): LoadProcess {
  const child = fork(fileURLToPath(import.meta.url), ["run"], { stdio: "inherit" });
  const ask = (order: Order): Promise<LoadResult> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`the load ended with ${code}`));
      child.once("exit", onExit);
      child.once("message", (result) => {
        child.off("exit", onExit);
        resolve(result as LoadResult);
      });
      child.send(order);
    });
  child.send({ plan });
  return { tell: () => ask("tell"), stop: () => ask("stop") };
}

if (process.argv[2] === "run" && process.argv[1] === fileURLToPath(import.meta.url)) listen();

function listen(): void {
  let load: Load | null = null;
  process.on("message", (order: Order) => {
    if (typeof order === "object") load = startLoad(order.plan);
    if (order === "tell" && load !== null) process.send?.(load.tallies);
    if (order === "stop" && load !== null) {
      void load.stop().then((result) => process.send?.(result, () => process.exit(0)));
    }
  });
  // Nobody is left to ask: whoever started us has died.
  process.on("disconnect", () => process.exit(1));
}
