import { assert } from "../assert.ts";
import type { Earlier } from "../scaling/view.ts";
import { arrivalsKeptMax, fiveMinutesOf, fiveMinutesS, isTelling } from "./arrivals.ts";
import type { ArrivalsMean, ArrivalsRecord } from "./arrivals.ts";

/** What a site remembers of its traffic: the running five minutes in full, of earlier ones the means. */
export interface ArrivalsBook {
  /** The later of two values of one second counts. */
  put(role: string, second: number, rate: number): void;
  /** Ends the five minutes that are over. */
  pass(nowS: number): void;
  /** Ends them all, whether or not they are over. */
  close(): void;
  /** What has ended and is not written yet, oldest first. */
  unwritten(): readonly ArrivalsRecord[];
  /** The running five minutes as far as they are known. */
  running(): readonly ArrivalsRecord[];
  written(records: readonly ArrivalsRecord[]): void;
  /** What another wrote before: means of the past, and five minutes that run on. */
  recall(past: readonly ArrivalsMean[], running: readonly ArrivalsRecord[]): void;
  /** By role; the running five minutes are not known yet. */
  earlier(): ReadonlyMap<string, Earlier>;
}

/** Reports take a moment: values of the last second come a little later. */
const lateS = 2;
/** While nothing can be written for a day, this much waits; beyond it the oldest is given up. */
const unwrittenMax = 5_000;

interface Pages {
  startS: number | null;
  readonly rates: Float64Array;
  readonly means: Map<number, ArrivalsMean>;
  readonly earlier: Earlier;
}

export function createArrivalsBook(): ArrivalsBook {
  const roles = new Map<string, Pages>();
  const earlier = new Map<string, Earlier>();
  let unwritten: ArrivalsRecord[] = [];

  const pagesOf = (role: string): Pages => {
    const known = roles.get(role);
    if (known !== undefined) return known;
    const made = emptyPages();
    roles.set(role, made);
    earlier.set(role, made.earlier);
    return made;
  };
  const end = (role: string, pages: Pages): void => {
    const record = recordOf(role, pages);
    pages.startS = null;
    pages.rates.fill(Number.NaN);
    if (record === null) return;
    remember(pages, record);
    unwritten.push(record);
    if (unwritten.length > unwrittenMax) unwritten.shift();
  };
  return {
    put(role, second, rate) {
      assert(Number.isInteger(second), "a second is a whole number");
      if (!Number.isFinite(rate) || rate < 0) return;
      const pages = pagesOf(role);
      const startS = fiveMinutesOf(second);
      if (pages.startS !== null && pages.startS !== startS) end(role, pages);
      pages.startS = startS;
      pages.rates[second - startS] = Math.round(rate);
    },
    pass(nowS) {
      for (const [role, pages] of roles) {
        const { startS } = pages;
        if (startS !== null && nowS >= startS + fiveMinutesS + lateS) end(role, pages);
      }
    },
    close() {
      for (const [role, pages] of roles) if (pages.startS !== null) end(role, pages);
    },
    unwritten: () => unwritten,
    running: () =>
      [...roles].flatMap(([role, pages]) => {
        const record = recordOf(role, pages);
        return record === null ? [] : [record];
      }),
    written(records) {
      const done = new Set(records);
      unwritten = unwritten.filter((record) => !done.has(record));
    },
    recall(past, running) {
      const runOn = new Set(running.map(({ role, startS }) => `${role} ${startS}`));
      for (const mean of past) {
        if (!runOn.has(`${mean.role} ${mean.startS}`)) remember(pagesOf(mean.role), mean);
      }
      for (const record of running) continueWith(pagesOf(record.role), record);
    },
    earlier: () => earlier,
  };
}

function emptyPages(): Pages {
  const means = new Map<number, ArrivalsMean>();
  return {
    startS: null,
    rates: new Float64Array(fiveMinutesS).fill(Number.NaN),
    means,
    earlier: {
      rate(second) {
        const mean = means.get(second);
        return mean === undefined || !isTelling(mean) ? null : mean.mean;
      },
    },
  };
}

function recordOf(role: string, { startS, rates }: Pages): ArrivalsRecord | null {
  if (startS === null) return null;
  const seen = rates.filter((rate) => !Number.isNaN(rate));
  if (seen.length === 0) return null;
  return {
    role,
    startS,
    known: seen.length,
    mean: seen.reduce((sum, rate) => sum + rate, 0) / seen.length,
    rates: Array.from(rates, (rate) => (Number.isNaN(rate) ? null : rate)),
  };
}

/** Who knew more of the same five minutes is believed: a clock that was set back makes them come twice. */
function remember({ means }: Pages, { role, startS, known, mean }: ArrivalsMean): void {
  if ((means.get(startS)?.known ?? 0) > known) return;
  means.set(startS, { role, startS, known, mean });
  if (means.size > arrivalsKeptMax) means.delete(Math.min(...means.keys()));
}

/** What was seen since is newer than what was written before. */
function continueWith(pages: Pages, { startS, rates }: ArrivalsRecord): void {
  if (pages.startS !== null && pages.startS !== startS) return;
  pages.startS = startS;
  for (const [index, rate] of rates.entries()) {
    if (rate !== null && Number.isNaN(pages.rates[index])) pages.rates[index] = rate;
  }
}
