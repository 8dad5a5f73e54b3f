import { Failure } from "../../src/ports/failure.ts";
import type { Lease, LeaseAnswer } from "../../src/ports/lease.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** The row that says who leads, as the database keeps it. */
export interface LeaseRow {
  holder: string;
  url: string;
  epoch: number;
  until: number;
  readonly listeners: Set<() => void>;
}

const ANSWER_MS_MAX = 5;
const SLOW_MS_MAX = 4_000;
const AWAY_MS_MAX = 4_000;

export function createLeaseRow(): LeaseRow {
  return { holder: "", url: "", epoch: 0, until: -Infinity, listeners: new Set() };
}

/** The lease as one controller process asks for it. */
export function leaseFor(
  life: Life,
  row: LeaseRow,
  { timeline, random, faults }: { timeline: Timeline; random: Random; faults: Faults },
): Lease {
  /** From this process: another one may reach it. */
  let awayUntil = -Infinity;
  const answerIn = (ms: number): Promise<void> =>
    new Promise((resolve) => void timeline.after(ms, resolve));
  return {
    take: (wish) =>
      life.call(async (): Promise<LeaseAnswer> => {
        if (faults.strikes("database does not answer")) {
          awayUntil = timeline.now() + random.between(1, AWAY_MS_MAX);
        }
        if (timeline.now() < awayUntil) {
          throw new Failure("unavailable", "Cannot ask the database: no answer");
        }
        await answerIn(random.between(1, ANSWER_MS_MAX));
        const now = timeline.now();
        const isOurs = row.holder === wish.holder;
        if (!isOurs && row.until > now) {
          return { kind: "taken", url: row.url, remainingMs: row.until - now };
        }
        if (!isOurs) row.epoch += 1;
        Object.assign(row, { holder: wish.holder, url: wish.url, until: now + wish.holdMs });
        const { epoch } = row;
        // Granted, but the holder hears of it late: it must count from when it asked.
        if (faults.strikes("database answers late"))
          await answerIn(random.between(100, SLOW_MS_MAX));
        return { kind: "held", epoch };
      }),
    release: (holder) =>
      life.call(() => {
        if (row.holder !== holder) return;
        row.until = timeline.now();
        for (const listener of row.listeners) listener();
      }),
    announce: () => life.call(() => []),
    onRelease(listener) {
      const heard = (): void => life.hear(listener);
      row.listeners.add(heard);
      life.onEnd(() => row.listeners.delete(heard));
    },
    close: () => Promise.resolve(),
  };
}
