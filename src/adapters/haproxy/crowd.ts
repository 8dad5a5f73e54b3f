import type { PoolReport } from "../../core/report.ts";

const crowdFactor = 2;
const crowdMin = 8;

/** Whether the load grew so much since it was last told that it must be told at once: scaling waits for it. */
export function isCrowd(load: number, told: number): boolean {
  return load >= told * crowdFactor && load - told >= crowdMin;
}

/** Requests in flight and queued in all pools. */
export function loadOf(pools: readonly Pick<PoolReport, "inFlight" | "queue">[]): number {
  return pools.reduce((sum, pool) => sum + pool.inFlight + pool.queue, 0);
}
