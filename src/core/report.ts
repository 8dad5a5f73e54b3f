import type { Instant } from "./instant.ts";

/** What an agent saw, sent once a second and at once when something changed. */
export interface AgentReport {
  readonly machine: string;
  /** New at each start of the agent. */
  readonly bootId: string;
  readonly at: Instant;
  /** Generation of the document the agent holds; 0 when it has none. */
  readonly generation: number;
  /** Share of one core used by everything that runs on the machine. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly processes: readonly ProcessReport[];
  readonly tasks: readonly TaskReport[];
  readonly balancer: BalancerReport | null;
}

/**
 * `preparing`: fetching the release, packages, files, set-up. `starting`: runs, not yet healthy.
 * `waiting`: ended, will be started again after a back-off. `unmonitored`: flapped, rests until its
 * retry window ends. `stopping`: told to end. A process that has ended and is not wanted is not listed.
 */
export type ProcessState =
  | "preparing"
  | "starting"
  | "healthy"
  | "unhealthy"
  | "waiting"
  | "unmonitored"
  | "stopping";

export interface ProcessReport {
  readonly id: number;
  readonly state: ProcessState;
  readonly since: Instant;
  readonly pid: number | null;
  readonly address: string | null;
  /** Null for a role that does not listen, and before the first start. */
  readonly port: number | null;
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly restarts: number;
  /** Why supervision wants the process replaced (memory, CPU); null while it is content. */
  readonly restartWanted: string | null;
  /** Why it is not healthy, in one sentence; null when healthy. */
  readonly problem: string | null;
  /** Last lines it printed; empty while healthy. */
  readonly lastLines: readonly string[];
}

export interface TaskReport {
  readonly id: string;
  readonly state: "running" | "done" | "failed";
  readonly exitCode: number | null;
  readonly lastLines: readonly string[];
}

export interface BalancerReport {
  /** E.g. `HAProxy 2.6.12`. */
  readonly engine: string;
  readonly pid: number | null;
  readonly isServing: boolean;
  /** Generation whose membership and configuration the running process has. */
  readonly generation: number;
  readonly reloads: number;
  /** Differences found between the document and the running process and repaired, newest last, at most 20. */
  readonly drift: readonly { readonly at: Instant; readonly what: string }[];
  /** Why it does not serve, or did not take the last document; null when all is well. */
  readonly problem: string | null;
  readonly totals: BalancerTotals;
  readonly pools: readonly PoolReport[];
  readonly servers: readonly ServerReport[];
}

/**
 * Counted by the balancer itself, never decreasing while `epoch` stays the same (reloads included).
 * `failed` = answers 5xx sent to a client, plus answers cut off by the server.
 */
export interface BalancerTotals {
  readonly epoch: string;
  readonly requests: number;
  readonly failed: number;
}

export interface PoolReport {
  readonly pool: string;
  readonly inFlight: number;
  readonly queue: number;
  readonly requestsPerSecond: number;
  readonly serversUp: number;
  readonly latency: Latency | null;
}

/** Total time at the balancer, milliseconds, over about the last 10 s; null without requests. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface ServerReport {
  readonly id: number;
  readonly pool: string;
  readonly state: "starting" | "up" | "down" | "draining" | "drained";
  readonly inFlight: number;
  readonly queue: number;
  readonly requestsPerSecond: number;
  /** Since the server joined. */
  readonly requests: number;
  readonly responses4xx: number;
  readonly responses5xx: number;
  readonly latency: Latency | null;
}
