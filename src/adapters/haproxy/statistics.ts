import type { BalancerDocument, PoolDocument, ServerDocument } from "../../core/document.ts";
import type { Instant } from "../../core/instant.ts";
import type { PoolReport, ServerReport } from "../../core/report.ts";
import { parseStat, statNumber, type StatRow } from "./answers.ts";
import { totalCounts, type Ledger } from "./counters.ts";
import type { Drain } from "./draining.ts";
import type { Engine, Running } from "./engine.ts";
import type { LatencyWindow } from "./latency.ts";

/** One look at every worker. */
export interface Snapshot {
  readonly at: Instant;
  readonly running: Running;
  /** Rows of the worker that takes new connections. */
  readonly current: readonly StatRow[];
  /** Rows of every worker that answered, by pid. */
  readonly byWorker: ReadonlyMap<number, readonly StatRow[]>;
}

/** Reads the statistics of all workers; an old one that is just ending is left out. */
export async function lookAtWorkers(
  engine: Engine,
  running: Running,
  at: Instant,
  signal: AbortSignal,
): Promise<Snapshot> {
  const current = parseStat(await engine.runtime("show stat", signal));
  const byWorker = new Map([[running.pid, current]]);
  for (const pid of running.oldWorkers) {
    const rows = await engine.worker(pid, "show stat", signal).then(parseStat, () => []);
    if (rows.length > 0) byWorker.set(pid, rows);
  }
  return { at, running, current, byWorker };
}

/** What the reports are made of. */
export interface ReportSource {
  readonly document: BalancerDocument;
  readonly snapshot: Snapshot;
  readonly drains: ReadonlyMap<string, Drain>;
  /** Servers that have joined and were not up since. */
  readonly joining: ReadonlySet<string>;
  readonly ledger: Ledger;
  readonly latencies: LatencyWindow;
}

/** One report per pool. */
export function poolReports(source: ReportSource): readonly PoolReport[] {
  const servers = serverReports(source);
  return source.document.pools.map((pool) => {
    const own = servers.filter((server) => server.pool === pool.name);
    const sum = sumOf(source.snapshot, pool.name, "BACKEND");
    return {
      pool: pool.name,
      inFlight: own.reduce((total, server) => total + server.inFlight, 0),
      queue: own.reduce((total, server) => total + server.queue, sum("qcur")),
      requestsPerSecond: sum("rate"),
      serversUp: own.filter((server) => server.state === "up").length,
      latency: source.latencies.latency(pool.name, source.snapshot.at),
    };
  });
}

/** One report per server of the document. */
export function serverReports(source: ReportSource): readonly ServerReport[] {
  const counts = totalCounts(source.ledger);
  const rows = new Map(source.snapshot.current.map((row) => [rowKey(row), row]));
  return source.document.pools.flatMap((pool) =>
    pool.servers.map((server) => {
      const key = `${pool.name}/${server.name}`;
      const sum = sumOf(source.snapshot, pool.name, server.name);
      const [requests = 0, responses4xx = 0, responses5xx = 0] = counts[key] ?? [];
      return {
        id: server.id,
        pool: pool.name,
        state: stateOf(source, pool, server, rows.get(key) ?? null),
        inFlight: sum("scur"),
        queue: sum("qcur"),
        requestsPerSecond: sum("rate"),
        requests,
        responses4xx,
        responses5xx,
        latency: source.latencies.latency(key, source.snapshot.at),
      };
    }),
  );
}

/** Whether HAProxy sends requests to the server of this row. */
export function isUp(row: StatRow): boolean {
  const status = row["status"] ?? "";
  return status.startsWith("UP") || status === "no check" || status.startsWith("NOLB");
}

function rowKey(row: StatRow): string {
  return `${row["pxname"]}/${row["svname"]}`;
}

function stateOf(
  source: ReportSource,
  pool: PoolDocument,
  server: ServerDocument,
  row: StatRow | null,
): ServerReport["state"] {
  const key = `${pool.name}/${server.name}`;
  if (server.state === "drain") {
    return source.drains.get(key)?.isDrained === true ? "drained" : "draining";
  }
  if (row !== null && isUp(row)) return "up";
  return source.joining.has(key) || row === null ? "starting" : "down";
}

function sumOf(snapshot: Snapshot, pool: string, server: string): (column: string) => number {
  const rows = [...snapshot.byWorker.values()].flatMap((all) =>
    all.filter((row) => row["pxname"] === pool && row["svname"] === server),
  );
  return (column) => rows.reduce((total, row) => total + statNumber(row, column), 0);
}
