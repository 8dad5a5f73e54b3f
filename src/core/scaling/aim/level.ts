import type { Seconds } from "../seconds.ts";
import type { RoleView } from "../view.ts";

/** What comes in, in requests a second, as it looks after the noise is taken off. */
export interface Level {
  /** What the pool should carry. */
  readonly level: number;
  readonly last6: number;
  readonly last10: number;
  readonly last30: number;
  /** The minute before the last quarter of a minute: what was normal. Null without figures of it. */
  readonly before: number | null;
  /** Requests that wait for a slot, in the balancer or beyond what the machines are for. */
  readonly waiting: number;
  /** Requests at work, the mean over ten seconds. */
  readonly atWork: number;
  /** The same in the last second. */
  readonly atWorkNow: number;
}

/** A shorter window is believed as far as it is above what chance does to it: [seconds, deviations, share]. */
const windows = [
  [30, 1.3, 0.03],
  [10, 2.5, 0.07],
] as const;

/** Null while the balancer's figures are missing. */
export function readLevel({ balancer, pool, machine }: RoleView, now: number): Level | null {
  const { arrivals, busy, queue } = balancer;
  const last10 = recent(arrivals, now);
  const last6 = arrivals.mean(now - 6, now) ?? last10;
  const atWork = recent(busy, now);
  if (last10 === null || last6 === null || atWork === null) return null;
  const lasting = [arrivals.mean(now - 60, now) ?? last10];
  for (const [seconds, deviations, share] of windows) {
    const mean = arrivals.mean(now - seconds, now);
    if (mean !== null)
      lasting.push(mean - deviations * Math.hypot(Math.sqrt(mean / seconds), share * mean));
  }
  const inLine = queue.at(now - 1) ?? queue.at(now - 2) ?? 0;
  const atWorkNow = busy.at(now - 1) ?? atWork;
  const over = atWorkNow - pool.ready * machine.slots;
  return {
    level: Math.max(...lasting),
    last6,
    last10,
    last30: arrivals.mean(now - 30, now) ?? last10,
    before: arrivals.mean(now - 76, now - 16),
    waiting: inLine + Math.max(0, over),
    atWork,
    atWorkNow,
  };
}

/** The last ten seconds, or as many as there are of a role that has just begun. */
export function recent(seconds: Seconds, now: number): number | null {
  for (const window of [10, 5, 3, 2]) {
    const mean = seconds.mean(now - window, now);
    if (mean !== null) return mean;
  }
  return null;
}
