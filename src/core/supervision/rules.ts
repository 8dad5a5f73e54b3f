import type { Check, SupervisionSettings } from "../desired.ts";

/** What one process is held to: its own settings, and the limits every process shares. */
export interface SupervisionRules {
  readonly check: Check;
  readonly supervision: SupervisionSettings;
  readonly limits: SupervisionLimits;
}

export interface SupervisionLimits {
  /** Delay of the first restart; the second waits `backoffMs`, each further one twice as long. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** After this time in health the back-off and the retry window begin anew. */
  readonly healthyResetMs: number;
  readonly flapRestartsMax: number;
  readonly flapWindowMs: number;
  readonly retryWindowMs: number;
  readonly retryWindowMsMax: number;
  /** How long the checks may fail beyond `fall` before the process should be replaced. */
  readonly unhealthyMs: number;
  /** How long the controller may leave a wanted restart undone before the agent does it. */
  readonly restartIgnoredMs: number;
  /** A process that does not listen is healthy once it has lived this long. */
  readonly aliveMs: number;
}

export const supervisionLimits: SupervisionLimits = {
  backoffMs: 500,
  backoffMsMax: 30_000,
  healthyResetMs: 60_000,
  flapRestartsMax: 5,
  flapWindowMs: 300_000,
  retryWindowMs: 300_000,
  retryWindowMsMax: 3_600_000,
  unhealthyMs: 30_000,
  restartIgnoredMs: 60_000,
  aliveMs: 500,
};

/** Delay before the restart that follows `failures` earlier ones without health in between. */
export function backoffMs(limits: SupervisionLimits, failures: number): number {
  if (failures <= 0) return 0;
  // 2^40 is far above every maximum and still an exact number.
  return Math.min(limits.backoffMs * 2 ** Math.min(failures - 1, 40), limits.backoffMsMax);
}

/** Length of the rest after the process has flapped `times` times before. */
export function retryWindowMs(limits: SupervisionLimits, times: number): number {
  return Math.min(limits.retryWindowMs * 2 ** Math.min(times, 40), limits.retryWindowMsMax);
}

/** Checks it must pass in a row to be healthy again. */
export function riseOf(check: Check): number {
  return check.kind === "none" ? 1 : check.rise;
}

/** Checks it must fail in a row to be unhealthy. */
export function fallOf(check: Check): number {
  return check.kind === "none" ? 1 : check.fall;
}
