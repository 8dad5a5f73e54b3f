import type { Check } from "../core/desired.ts";

/** Asks a process whether it serves. */
export interface Probe {
  /** Null when it passes, else why not, in one clause. Never throws: no answer is an answer here. */
  check(target: ProbeTarget, signal: AbortSignal): Promise<string | null>;
}

export interface ProbeTarget {
  readonly check: Exclude<Check, { kind: "none" }>;
  readonly address: string;
  readonly port: number;
}
