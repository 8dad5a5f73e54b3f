import type { Instant } from "../core/instant.ts";

export interface Clock {
  now(): Instant;
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Aborts after the time: the limit of a call to somebody who may never answer. */
  deadline(ms: number): AbortSignal;
}
