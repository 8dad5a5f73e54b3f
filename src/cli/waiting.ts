import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatDuration } from "./duration.ts";

const LOOK_MS = 100;

export interface Wait<Value> {
  /** What is waited for, after `waiting for`. */
  readonly what: string;
  /** What happens without us, after a time-out or Ctrl-C. */
  readonly goesOn: string;
  readonly next: string;
  readonly timeoutMs: number;
  /** Null: not yet. */
  readonly look: () => Promise<Value | null>;
}

/** Looks again and again. Ctrl-C only ends the looking: the work is the controller's. */
export async function waitFor<Value>(wait: Wait<Value>): Promise<Value> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const deadline = Date.now() + wait.timeoutMs;
  try {
    for (;;) {
      const value = await wait.look();
      if (value !== null) return value;
      if (stop.signal.aborted) throw interrupted(wait);
      if (Date.now() >= deadline) throw timedOut(wait);
      await sleep(Math.min(LOOK_MS, Math.max(1, deadline - Date.now())), undefined, {
        signal: stop.signal,
      }).catch(() => undefined);
    }
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

function interrupted({ goesOn, next }: Wait<unknown>): CliError {
  return new CliError(`Stopped watching; ${goesOn}`, {
    code: "interrupted",
    exit: exitCodes.interrupted,
    next,
  });
}

function timedOut({ what, goesOn, next, timeoutMs }: Wait<unknown>): CliError {
  return new CliError(`Stopped waiting for ${what} after ${formatDuration(timeoutMs)}; ${goesOn}`, {
    code: "timeout",
    exit: exitCodes.timeout,
    next,
  });
}
