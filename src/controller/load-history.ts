import type { Instant } from "../core/instant.ts";
import type { AgentObservation, LoadSample, Observed } from "../core/observed.ts";
import type { Latency } from "../core/report.ts";
import { createFigures } from "../core/scaling/figures.ts";
import type { FiguresRecord, RoleFigures } from "../core/scaling/figures.ts";
import { usageByRole } from "./usage.ts";
import type { Usage } from "./usage.ts";

/** Longer than any hold time a site file may set. */
const KEPT_MS = 3_600_000;
/** News come in bursts; samples closer than this would count one moment several times. */
const APART_MS = 400;

/** Load per role over the last hour, from what the balancers report. */
export interface LoadHistory {
  add(
    observed: Observed,
    balancers: readonly string[],
    roles: ReadonlySet<string>,
    now: Instant,
  ): void;
  read(): ReadonlyMap<string, readonly LoadSample[]>;
  figures(): ReadonlyMap<string, RoleFigures>;
}

export function createLoadHistory(): LoadHistory {
  const history = new Map<string, LoadSample[]>();
  const figures = new Map<string, FiguresRecord>();
  let lastReportAt = 0;
  return {
    add(observed, balancers, roles, now) {
      const { agents } = observed;
      const seen = balancers.map((name) => agents.get(name));
      // A sum over some of the balancers would read as less load than there is.
      const isComplete = seen.length > 0 && seen.every((agent) => agent?.isConnected === true);
      if (!isComplete) return;
      const newest = Math.max(...seen.map((agent) => agent?.reportedAt ?? 0));
      if (newest <= lastReportAt || newest - lastReportAt < APART_MS) return;
      lastReportAt = newest;
      for (const role of history.keys()) if (!roles.has(role)) history.delete(role);
      for (const role of figures.keys()) if (!roles.has(role)) figures.delete(role);
      for (const [role, sample] of sumByPool(seen, usageByRole(observed), newest)) {
        // A balancer may name what it likes; what is no role would be kept for ever.
        if (!roles.has(role)) continue;
        const samples = history.get(role) ?? [];
        history.set(role, samples);
        samples.push(sample);
        const known = figures.get(role) ?? createFigures();
        figures.set(role, known);
        known.add(sample);
        while (samples[0] !== undefined && now - samples[0].at > KEPT_MS) samples.shift();
      }
    },
    read: () => history,
    figures: () => figures,
  };
}

function sumByPool(
  agents: readonly (AgentObservation | undefined)[],
  usage: ReadonlyMap<string, Usage>,
  at: Instant,
): ReadonlyMap<string, LoadSample> {
  const sums = new Map<string, LoadSample>();
  for (const agent of agents) {
    for (const pool of agent?.report?.balancer?.pools ?? []) {
      const sum = sums.get(pool.pool);
      sums.set(pool.pool, {
        at,
        inFlight: (sum?.inFlight ?? 0) + pool.inFlight,
        queue: (sum?.queue ?? 0) + pool.queue,
        requestsPerSecond: (sum?.requestsPerSecond ?? 0) + pool.requestsPerSecond,
        serversUp: Math.max(sum?.serversUp ?? 0, pool.serversUp),
        latency: slower(sum?.latency ?? null, pool.latency),
        metrics: { ...usage.get(pool.pool) },
      });
    }
  }
  return sums;
}

/** Percentiles of two balancers cannot be added; the slower one is nearer to what some visitors see. */
function slower(one: Latency | null, other: Latency | null): Latency | null {
  if (one === null || other === null) return one ?? other;
  return {
    p50: Math.max(one.p50, other.p50),
    p95: Math.max(one.p95, other.p95),
    p99: Math.max(one.p99, other.p99),
  };
}
