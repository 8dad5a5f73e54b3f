import type { Instant } from "../instant.ts";

/** A renewal that failed is tried again after this share of the life, so that one lost day is survived. */
const RETRIES_PER_LIFE = 20;

/** When a certificate taken at an instant is renewed: at half time, so that a controller may be away for the other half. */
export function renewalDueAt(takenAt: Instant, lifeMs: number): Instant {
  return takenAt + lifeMs / 2;
}

export function renewalRetryMs(lifeMs: number): number {
  return Math.max(200, lifeMs / RETRIES_PER_LIFE);
}
