/** What Tidemill's HAProxy costs against one an expert tuned by hand, in turn, before the same kind of servers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "../test/harness/processes.ts";
import { createTestSite } from "../test/harness/site.ts";
import type { TestSite } from "../test/harness/site.ts";
import { backendConfig, startRival, workersCpuUs } from "./load/rival.ts";
import type { WrkRound } from "./load/wrk.ts";
import { runWrk } from "./load/wrk.ts";
import { machine, percentile } from "./report.ts";
import { isAllServing } from "./site.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 15);
const SECONDS = Number(process.env["SECONDS"] ?? 2);
const CONNECTIONS = Number(process.env["CONNECTIONS"] ?? 32);
const BYTES = Number(process.env["BYTES"] ?? 100);
const SERVERS = 2;
const HOST = "bench.localhost";

interface Side {
  readonly port: number;
  readonly master: number;
}

interface Round extends WrkRound {
  readonly cpuUs: number;
}

export async function run(): Promise<object> {
  const site = await createTestSite(siteFile);
  writeFileSync(join(site.directory, "code", "backend.cfg"), backendConfig(BYTES));
  const wish = { hostHeader: HOST, servers: SERVERS, bytes: BYTES };
  const rival = await startRival({ ...wish, repeats: "GET" });
  const careless = await startRival({ ...wish, repeats: "undelivered" });
  try {
    await site.startController();
    await site.apply();
    await site.until(isAllServing, "the site is up", 60_000);
    const ours = { port: site.port, master: masterOf(site) };
    return { bench: "overhead", ...compare({ ours, rival, careless }), ...machine() };
  } finally {
    await rival.stop();
    await careless.stop();
    await site.dispose();
  }
}

function siteFile(port: number): string {
  const run = "export PATH=$PATH:/usr/sbin:/usr/local/sbin; exec haproxy -db -f backend.cfg";
  return `site: bench
balancer: { bind: "127.0.0.1:${port}" }
web: { run: "${run}", source: code, check: /up, machines: ${SERVERS} }
`;
}

function masterOf(site: TestSite): number {
  const masters = processesOf(site).filter(({ command }) => command.includes("haproxy -W "));
  const pids = masters.map(({ pid }) => pid);
  if (pids.length === 0) throw new Error("the site has no HAProxy");
  return Math.min(...pids);
}

const names = ["ours", "rival", "careless"] as const;
type Name = (typeof names)[number];

/** In turn, every other time the other way round, so that what drifts meets all sides alike. */
function compare(sides: Readonly<Record<Name, Side>>): object {
  const rounds: Record<Name, Round>[] = [];
  for (const name of names) measure(sides[name]);
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    const measured = order.map((name) => [name, measure(sides[name])] as const);
    const figures = Object.fromEntries(measured) as Record<Name, Round>;
    process.stderr.write(`${JSON.stringify(figures)}\n`);
    rounds.push(figures);
  }
  return {
    ...ratiosTo(rounds, "rival"),
    // It loses the GETs that a dying server was answering: not the same job, but the fastest there is.
    toCareless: ratiosTo(rounds, "careless"),
    ...Object.fromEntries(names.map((name) => [name, figuresOf(rounds, name)])),
    rounds: ROUNDS,
    secondsPerRound: SECONDS,
    connections: CONNECTIONS,
    bytes: BYTES,
  };
}

type Rounds = readonly Readonly<Record<Name, Round>>[];

function middle(values: readonly number[]): number {
  return Number(percentile(values, 0.5).toPrecision(4));
}

function ratiosTo(rounds: Rounds, other: Name): object {
  const ratio = (key: "requestsPerSecond" | "p99Ms" | "cpuUs"): number =>
    middle(rounds.map((round) => round.ours[key] / round[other][key]));
  return {
    requestsPerSecondRatio: ratio("requestsPerSecond"),
    p99Ratio: ratio("p99Ms"),
    cpuPerRequestRatio: ratio("cpuUs"),
  };
}

function figuresOf(rounds: Rounds, name: Name): object {
  return {
    requestsPerSecond: Math.round(middle(rounds.map((round) => round[name].requestsPerSecond))),
    p99Ms: middle(rounds.map((round) => round[name].p99Ms)),
    cpuUs: middle(rounds.map((round) => round[name].cpuUs)),
    requests: rounds.reduce((sum, round) => sum + round[name].requests, 0),
    failed: rounds.reduce((sum, round) => sum + round[name].failed, 0),
  };
}

function measure({ port, master }: Side): Round {
  const before = workersCpuUs(master);
  const plan = { port, hostHeader: HOST, connections: CONNECTIONS, seconds: SECONDS };
  const round = runWrk(plan);
  return { ...round, cpuUs: (workersCpuUs(master) - before) / round.requests };
}
