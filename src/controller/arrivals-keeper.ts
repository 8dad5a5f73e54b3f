import { fiveMinutesOf, fiveMinutesS } from "../core/history/arrivals.ts";
import type { ArrivalsRecord } from "../core/history/arrivals.ts";
import { createArrivalsBook } from "../core/history/arrivals-book.ts";
import type { Instant } from "../core/instant.ts";
import type { LoadSample } from "../core/observed.ts";
import type { Earlier } from "../core/scaling/view.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";

/** Keeps what comes for each role in the inventory, and what came in mind. */
export interface ArrivalsKeeper {
  /** What the balancers said last. */
  note(load: ReadonlyMap<string, readonly LoadSample[]>): void;
  /** Reads what others have written, once; writes what is over, and every minute what runs. What fails is tried again by the next call. */
  keep(now: Instant): Promise<Failure | null>;
  /** Writes what was seen of the running five minutes, for whoever goes on with them. */
  leave(): Promise<void>;
  earlier(): ReadonlyMap<string, Earlier>;
}

/** More than the roles of any site. */
const runningMax = 1_000;
/** What a controller that is killed has seen since goes with it. */
const keptEveryMs = 60_000;
/** While the inventory cannot be written, it is asked this often. */
const againAfterMs = 10_000;

export function createArrivalsKeeper(inventory: Inventory): ArrivalsKeeper {
  const book = createArrivalsBook();
  let isRecalled = false;
  let againAt: Instant = -Infinity;
  let keptAt: Instant = -Infinity;
  const recall = async (now: Instant): Promise<void> => {
    const fromS = fiveMinutesOf(Math.floor(now / 1_000));
    const filter = { fromS, toS: fromS + fiveMinutesS, limit: runningMax };
    book.recall(await inventory.arrivalsMeans(), await inventory.arrivals(filter));
    isRecalled = true;
    keptAt = now;
  };
  const write = async (running: readonly ArrivalsRecord[]): Promise<void> => {
    const records = book.unwritten();
    if (records.length + running.length === 0) return;
    await inventory.writeArrivals([...records, ...running]);
    book.written(records);
  };
  return {
    note(load) {
      for (const [role, samples] of load) {
        const last = samples.at(-1);
        if (last !== undefined) book.put(role, Math.floor(last.at / 1_000), last.requestsPerSecond);
      }
    },
    async keep(now) {
      if (now < againAt && againAt - now <= againAfterMs) return null;
      try {
        if (!isRecalled) await recall(now);
        book.pass(Math.floor(now / 1_000));
        const isDue = Math.abs(now - keptAt) >= keptEveryMs;
        await write(isDue ? book.running() : []);
        if (isDue) keptAt = now;
        return null;
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        againAt = now + againAfterMs;
        return cause;
      }
    },
    async leave() {
      if (!isRecalled) return;
      try {
        book.close();
        await write([]);
      } catch (cause) {
        // Whoever comes next has five minutes with a hole.
        if (!(cause instanceof Failure)) throw cause;
      }
    },
    earlier: () => book.earlier(),
  };
}
