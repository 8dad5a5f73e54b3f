import type { Instant } from "../instant.ts";

/** What supervision remembers of one process. Plain data: it is written to disk as it is. */
export interface Supervised {
  /** `idle`: does not run and is not wanted, or was never started. */
  readonly phase:
    | "idle"
    | "starting"
    | "healthy"
    | "unhealthy"
    | "waiting"
    | "unmonitored"
    | "stopping";
  readonly since: Instant;
  readonly startedAt: Instant | null;
  /** End of the back-off or of the rest; null in every other phase. */
  readonly until: Instant | null;
  /** Whether this run has been healthy. */
  readonly wasHealthy: boolean;
  readonly passes: number;
  readonly fails: number;
  readonly restarts: number;
  /** When it was restarted, within the flapping window. */
  readonly restartedAt: readonly Instant[];
  /** Ends in a row without lasting health: the exponent of the back-off. */
  readonly failures: number;
  /** Rests in a row: the exponent of the retry window. */
  readonly rests: number;
  /** Newest last, at most five: was the sample above the limit? */
  readonly memoryAbove: readonly boolean[];
  readonly cpuAbove: readonly boolean[];
  readonly wanted: { readonly reason: string; readonly since: Instant } | null;
  /** Why it is not healthy. */
  readonly problem: string | null;
}

/** A process that was never started. */
export function neverStarted(now: Instant): Supervised {
  return {
    phase: "idle",
    since: now,
    startedAt: null,
    until: null,
    wasHealthy: false,
    passes: 0,
    fails: 0,
    restarts: 0,
    restartedAt: [],
    failures: 0,
    rests: 0,
    memoryAbove: [],
    cpuAbove: [],
    wanted: null,
    problem: null,
  };
}

/** What was seen since the last step. `null` is "nothing new", never "all is well". */
export interface SupervisionInput {
  readonly isWanted: boolean;
  readonly isRunning: boolean;
  /** How it ended, e.g. `ended with code 1`. */
  readonly ending: string | null;
  readonly check: { readonly isPassing: boolean; readonly problem: string | null } | null;
  readonly usage: { readonly cpu: number; readonly memoryBytes: number } | null;
}

export type SupervisionCommand =
  | { readonly kind: "none" }
  | { readonly kind: "start" }
  | { readonly kind: "stop"; readonly reason: string }
  | { readonly kind: "kill" };

export interface SupervisionStep {
  readonly state: Supervised;
  readonly command: SupervisionCommand;
}
