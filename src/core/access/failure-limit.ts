import type { Instant } from "../instant.ts";

/** Wrong tokens an address may show in a row, and how fast it earns the next try. */
const TRIES_MAX = 10;
const TRY_EVERY_MS = 6_000;

/** Tries an address has left, as of an instant. */
export interface TryBucket {
  readonly tries: number;
  readonly at: Instant;
}

export type TryJudgement =
  | { readonly kind: "counted"; readonly bucket: TryBucket }
  | { readonly kind: "limited"; readonly bucket: TryBucket; readonly retryAfterMs: number };

/**
 * Takes a failed try out of the address's bucket. Only failures are counted: whoever shows a right token is
 * never kept out by a neighbour who guesses from the same address.
 */
export function countFailure(bucket: TryBucket | null, now: Instant): TryJudgement {
  const filled = bucket === null ? TRIES_MAX : refilled(bucket, now);
  if (filled >= 1) return { kind: "counted", bucket: { tries: filled - 1, at: now } };
  const retryAfterMs = Math.ceil((1 - filled) * TRY_EVERY_MS);
  return { kind: "limited", bucket: { tries: filled, at: now }, retryAfterMs };
}

/** A full bucket says nothing that a missing one does not. */
export function isFull(bucket: TryBucket, now: Instant): boolean {
  return refilled(bucket, now) >= TRIES_MAX;
}

/** A clock that was set back earns nothing and costs nothing. */
function refilled({ tries, at }: TryBucket, now: Instant): number {
  return Math.min(TRIES_MAX, tries + Math.max(0, now - at) / TRY_EVERY_MS);
}
