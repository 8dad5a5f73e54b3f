import type { AgentMessage } from "../messages.ts";
import type {
  AgentReport,
  BalancerReport,
  Latency,
  PoolReport,
  ProcessReport,
  ServerReport,
  TaskReport,
} from "../report.ts";
import {
  flag,
  byKind,
  list,
  name,
  nullable,
  number,
  oneOf,
  record,
  whole,
  words,
} from "./shape.ts";
import type { Shape } from "./shape.ts";

/** More than a machine has, or people read; a message is bounded as a whole by whoever receives it. */
const processesMax = 10_000;
const serversMax = 100_000;
const linesMax = 10_000;
const lastLinesMax = 50;
const driftMax = 20;
const lineLengthMax = 4_000;
const wordsLengthMax = 2_000;
const nameLengthMax = 200;
/** The last moment that a calendar has. */
const instantMax = 8_640_000_000_000_000;

const label = name(nameLengthMax);
const said = words(wordsLengthMax);
const lastLines = list(words(lineLengthMax), lastLinesMax);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const amount = number(0, Number.MAX_SAFE_INTEGER);
// Whole, as databases keep them.
const instant = whole(0, instantMax);
const pid = whole(1, 2 ** 31);

const process: Shape<ProcessReport> = record({
  id: count,
  state: oneOf(
    "preparing",
    "starting",
    "healthy",
    "unhealthy",
    "waiting",
    "unmonitored",
    "stopping",
  ),
  since: instant,
  pid: nullable(pid),
  address: nullable(label),
  port: nullable(whole(1, 65_535)),
  cpu: amount,
  memoryBytes: amount,
  restarts: count,
  restartWanted: nullable(said),
  problem: nullable(said),
  lastLines,
});

const task: Shape<TaskReport> = record({
  id: label,
  state: oneOf("running", "done", "failed"),
  exitCode: nullable(whole(0, 65_535)),
  lastLines,
});

const latency: Shape<Latency> = record({ p50: amount, p95: amount, p99: amount });

const pool: Shape<PoolReport> = record({
  pool: label,
  inFlight: amount,
  queue: amount,
  requestsPerSecond: amount,
  serversUp: count,
  latency: nullable(latency),
});

const server: Shape<ServerReport> = record({
  id: count,
  pool: label,
  state: oneOf("starting", "up", "down", "draining", "drained"),
  inFlight: amount,
  queue: amount,
  requestsPerSecond: amount,
  requests: amount,
  responses4xx: amount,
  responses5xx: amount,
  latency: nullable(latency),
});

const balancer: Shape<BalancerReport> = record({
  engine: label,
  pid: nullable(pid),
  isServing: flag,
  generation: count,
  reloads: count,
  drift: list(record({ at: instant, what: said }), driftMax),
  problem: nullable(said),
  totals: record({ epoch: label, requests: count, failed: count }),
  pools: list(pool, processesMax),
  servers: list(server, serversMax),
});

const report: Shape<AgentReport> = record({
  machine: label,
  bootId: label,
  at: instant,
  generation: count,
  cpu: amount,
  memoryBytes: amount,
  processes: list(process, processesMax),
  tasks: list(task, processesMax),
  balancer: nullable(balancer),
});

const line = record({ at: instant, process: label, text: words(lineLengthMax) });

/** A message as an agent sends it. What it says is well-formed then, and as true as the agent. */
export const agentMessage: Shape<AgentMessage> = byKind({
  hello: record({ protocol: oneOf(1), machine: label, bootId: label }),
  report: record({ report }),
  lines: record({ lines: list(line, linesMax), dropped: count }),
});
