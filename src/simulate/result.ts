import type { Scenario } from "./model.ts";
import type { PoolFigures } from "./pool.ts";
import type { SecondFigures } from "./view.ts";

/** What a policy made of a window. Counts of the fluid engine need not be whole. */
export interface Result extends Readonly<PoolFigures> {
  readonly requests: number;
  /** In time or not, finished or not; `requests` are these, `failed` and `waiting`. */
  readonly answered: number;
  readonly slow: number;
  readonly failed: number;
  /** Those that found no free slot, be it for a millisecond. */
  readonly queued: number;
  /** In the queue when the window ended. */
  readonly waiting: number;
  readonly startS: number;
  /** By second: machines that served. */
  readonly ready: Uint16Array;
  /** By second: machines wanted. */
  readonly desired: Uint16Array;
  /** By second: machines that the expected requests keep wholly busy. */
  readonly demand: Float32Array;
  /** Those with the most slow and failed requests, the worst first. */
  readonly worstMinutes: readonly BadMinute[];
}

export interface BadMinute {
  readonly startS: number;
  readonly requests: number;
  readonly slow: number;
  readonly failed: number;
}

/** Share of the requests that were slow or failed. */
export function badShare({ slow, failed, requests }: Result): number {
  return requests > 0 ? (slow + failed) / requests : 0;
}

const minuteS = 60;
const worstMinutesMax = 10;
/** The fluid engine finds parts of a request slow. */
const badMin = 0.5;

/** Adds up what the seconds say. */
export interface Tally {
  put(index: number, figures: SecondFigures, desired: number): void;
  end(pool: PoolFigures): Result;
}

export function createTally({ arrivals, model }: Scenario): Tally {
  const { startS, rates } = arrivals;
  const total = { requests: 0, answered: 0, slow: 0, failed: 0, queued: 0, waiting: 0 };
  const ready = new Uint16Array(rates.length);
  const desired = new Uint16Array(rates.length);
  const demand = new Float32Array(rates.length);
  const minutes = Math.ceil(rates.length / minuteS);
  const requestsOf = new Float64Array(minutes);
  const slowOf = new Float64Array(minutes);
  const failedOf = new Float64Array(minutes);
  return {
    put(index, figures, wanted) {
      total.requests += figures.arrivals;
      total.answered += figures.started;
      total.slow += figures.slow;
      total.failed += figures.failed;
      total.queued += figures.queued;
      total.waiting = figures.queue;
      ready[index] = figures.ready;
      desired[index] = wanted;
      demand[index] = ((rates[index] ?? 0) * model.serviceS) / model.slots;
      const minute = Math.floor(index / minuteS);
      requestsOf[minute] = (requestsOf[minute] ?? 0) + figures.arrivals;
      slowOf[minute] = (slowOf[minute] ?? 0) + figures.slow;
      failedOf[minute] = (failedOf[minute] ?? 0) + figures.failed;
    },
    end(pool) {
      const badOf = (minute: number): number => (slowOf[minute] ?? 0) + (failedOf[minute] ?? 0);
      const worstMinutes = Array.from({ length: minutes }, (_, minute) => minute)
        .filter((minute) => badOf(minute) >= badMin)
        .sort((a, b) => badOf(b) - badOf(a) || a - b)
        .slice(0, worstMinutesMax)
        .map((minute) => ({
          startS: startS + minute * minuteS,
          requests: requestsOf[minute] ?? 0,
          slow: slowOf[minute] ?? 0,
          failed: failedOf[minute] ?? 0,
        }));
      // The fluid engine counts who comes as slow before it knows whom it sends away when the pool shrinks.
      const slow = Math.min(total.slow, total.answered + total.waiting);
      return { ...total, slow, ...pool, startS, ready, desired, demand, worstMinutes };
    },
  };
}
