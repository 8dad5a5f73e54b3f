import { countFailure, isFull } from "../core/access/failure-limit.ts";
import type { TryBucket } from "../core/access/failure-limit.ts";
import type { Clock } from "../ports/clock.ts";

/** More addresses than that in a minute is a flood that counting does not stop. */
const ADDRESSES_MAX = 10_000;

/** How often each address has failed to show who it is. */
export interface FailureCount {
  /** Null: counted. Else how long the address has to wait. */
  count(address: string): number | null;
}

export function createFailureCount(clock: Clock): FailureCount {
  const buckets = new Map<string, TryBucket>();
  return {
    count(address) {
      const now = clock.now();
      if (buckets.size >= ADDRESSES_MAX) forget(buckets, now);
      const judged = countFailure(buckets.get(address) ?? null, now);
      // Put last: the oldest are those that have not come for longest.
      buckets.delete(address);
      buckets.set(address, judged.bucket);
      return judged.kind === "limited" ? judged.retryAfterMs : null;
    },
  };
}

/** Those that have earned all their tries back, then the oldest; half at a time, so that a flood costs little each. */
function forget(buckets: Map<string, TryBucket>, now: number): void {
  for (const [address, bucket] of buckets) if (isFull(bucket, now)) buckets.delete(address);
  for (const address of buckets.keys()) {
    if (buckets.size <= ADDRESSES_MAX / 2) return;
    buckets.delete(address);
  }
}
