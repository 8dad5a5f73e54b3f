/**
 * Who leads. The database grants the lease for a time by its own clock; the holder counts that time by its own
 * monotonic clock, from the moment it asked: whatever the answer's way took is lost to the holder, never won.
 */
export interface LeaseRules {
  /** How long a grant lasts in the database. */
  readonly holdMs: number;
  readonly renewEveryMs: number;
  /** The holder stops acting this long before its grant can end: the time that what it has begun may take. */
  readonly marginMs: number;
  /** Who stands by looks at least this often. */
  readonly lookEveryMs: number;
}

/** Dead, frozen or cut off: another leads after 3 s and one look. Two renewals may fail before it is lost. */
export const leaseRules: LeaseRules = {
  holdMs: 3_000,
  renewEveryMs: 700,
  marginMs: 600,
  lookEveryMs: 500,
};

/** A grant as its holder knows it. Times are of the holder's monotonic clock. */
export interface Grant {
  /** Grows with each new holder: what carries a lower one is refused. */
  readonly epoch: number;
  /** When the last request that was granted had been sent. */
  readonly askedAtMs: number;
}

export type LeaseDecision =
  | { readonly kind: "renew" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "step-down"; readonly reason: string };

/** What the holder does now: its own clock deposes it, even when the database cannot be asked. */
export function decideLease(grant: Grant, nowMs: number, rules: LeaseRules): LeaseDecision {
  if (remainingMs(grant, nowMs, rules) <= 0) {
    return { kind: "step-down", reason: "the lease could not be renewed in time" };
  }
  const renewAtMs = grant.askedAtMs + rules.renewEveryMs;
  return nowMs >= renewAtMs ? { kind: "renew" } : { kind: "wait", ms: renewAtMs - nowMs };
}

/** How long the holder may still act. Never negative. */
export function remainingMs(grant: Grant, nowMs: number, rules: LeaseRules): number {
  return Math.max(0, grant.askedAtMs + rules.holdMs - rules.marginMs - nowMs);
}

/** When who stands by asks again: as soon as the other's grant ends, if that is sooner than the next look. */
export function nextLookMs(othersRemainingMs: number, rules: LeaseRules): number {
  return Math.max(1, Math.min(rules.lookEveryMs, othersRemainingMs + 1));
}
