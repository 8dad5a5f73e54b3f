import { byName, isMisfit, list, number, record, text, whole } from "../../core/received/shape.ts";
import type { Shape } from "../../core/received/shape.ts";
import { statNumber, type StatRow } from "./answers.ts";
import { frontend } from "./config.ts";

/** Counters by what they count: `site`, or a server as `pool/name`. */
export type Counts = Readonly<Record<string, readonly number[]>>;

/** Key of the whole site: [requests, failed]. A server's are [requests, 4xx, 5xx]. */
export const siteKey = "site";

/**
 * HAProxy counts per process and forgets at a reload. The ledger keeps what processes that are gone had counted
 * last, so that the sums go on. Only a process that died takes counts with it: then a new epoch begins.
 */
export interface Ledger {
  readonly epoch: string;
  readonly master: number;
  /** Sums of the processes that are gone. */
  readonly gone: Counts;
  /** Last counts of the living, by pid. */
  readonly living: Readonly<Record<string, Counts>>;
}

/** A ledger with nothing in it. */
export function newLedger(epoch: string, master: number): Ledger {
  return { epoch, master, gone: {}, living: {} };
}

/** The ledger after a look at the workers: those not listed are gone; one without a reading keeps its last. */
export function recordWorkers(
  ledger: Ledger,
  pids: readonly number[],
  readings: ReadonlyMap<number, Counts>,
): Ledger {
  const living: Record<string, Counts> = {};
  for (const pid of pids) living[pid] = readings.get(pid) ?? ledger.living[pid] ?? {};
  const ended = Object.keys(ledger.living).filter((pid) => !(pid in living));
  const gone = ended.reduce((sum, pid) => addCounts(sum, ledger.living[pid] ?? {}), ledger.gone);
  return { ...ledger, gone, living };
}

/** Everything counted in this epoch. */
export function totalCounts(ledger: Ledger): Counts {
  return Object.values(ledger.living).reduce(addCounts, ledger.gone);
}

/** Without the servers that have left. */
export function forgetServers(ledger: Ledger, keys: ReadonlySet<string>): Ledger {
  const kept = (counts: Counts): Counts =>
    Object.fromEntries(Object.entries(counts).filter(([key]) => key === siteKey || keys.has(key)));
  return { ...ledger, gone: kept(ledger.gone) };
}

/**
 * Counts of one process. `failed`: answers 5xx as the client got them, and answers the server cut off after
 * their start (`srv_abrt` of the pools; an answer that never started ends as a 502 and is not in it).
 */
export function countsOf(rows: readonly StatRow[]): Counts {
  const counts: Record<string, readonly number[]> = {};
  let requests = 0;
  let failed = 0;
  for (const row of rows) {
    const { pxname: pool = "", svname: server = "" } = row;
    if (pool === frontend && server === "FRONTEND") {
      requests += statNumber(row, "req_tot");
      failed += statNumber(row, "hrsp_5xx");
    } else if (server === "BACKEND") failed += statNumber(row, "srv_abrt");
    else if (server !== "FRONTEND") counts[`${pool}/${server}`] = serverCounts(row);
  }
  return { ...counts, [siteKey]: [requests, failed] };
}

/** Answers, and what broke off: `eresp` holds both the answers that never began and those cut off. */
function serverCounts(row: StatRow): readonly number[] {
  const classes = ["hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"];
  const answers = classes.reduce((sum, column) => sum + statNumber(row, column), 0);
  const broken = statNumber(row, "eresp");
  const neverBegun = Math.max(0, broken - statNumber(row, "srv_abrt"));
  return [answers + neverBegun, statNumber(row, "hrsp_4xx"), statNumber(row, "hrsp_5xx") + broken];
}

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, readonly number[]> = { ...a };
  for (const [key, values] of Object.entries(b)) {
    const before = sum[key];
    sum[key] = values.map((value, index) => value + (before?.[index] ?? 0));
  }
  return sum;
}

const countsShape: Shape<Counts> = byName(list(number(0, Number.MAX_SAFE_INTEGER), 3), 100_000);
const ledgerShape: Shape<Ledger> = record({
  epoch: text(100),
  master: whole(0, 2 ** 31),
  gone: countsShape,
  living: byName(countsShape, 1_000),
});

/** A file that is not what we wrote counts as none. */
export function parseLedger(text: string): Ledger | null {
  try {
    const ledger = ledgerShape(JSON.parse(text));
    return isMisfit(ledger) ? null : ledger;
  } catch {
    return null;
  }
}
