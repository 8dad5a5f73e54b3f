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
  const rival = await startRival(HOST, SERVERS, BYTES);
  try {
    await site.startController();
    await site.apply();
    await site.until(isAllServing, "the site is up", 60_000);
    const ours = { port: site.port, master: masterOf(site) };
    return { bench: "overhead", ...compare(ours, rival), ...machine() };
  } finally {
    await rival.stop();
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

/** In pairs, each pair the other way round, so that what drifts meets both sides alike. */
function compare(ours: Side, rival: Side): object {
  const pairs: { readonly ours: Round; readonly rival: Round }[] = [];
  measure(ours);
  measure(rival);
  for (let round = 0; round < ROUNDS; round++) {
    const first = measure(round % 2 === 0 ? ours : rival);
    const second = measure(round % 2 === 0 ? rival : ours);
    const pair = round % 2 === 0 ? { ours: first, rival: second } : { ours: second, rival: first };
    process.stderr.write(`${JSON.stringify(pair)}\n`);
    pairs.push(pair);
  }
  const middle = (read: (pair: (typeof pairs)[number]) => number): number =>
    Number(percentile(pairs.map(read), 0.5).toPrecision(4));
  const ratio = (key: "requestsPerSecond" | "p99Ms" | "cpuUs"): number =>
    middle((pair) => pair.ours[key] / pair.rival[key]);
  return {
    requestsPerSecondRatio: ratio("requestsPerSecond"),
    p99Ratio: ratio("p99Ms"),
    cpuPerRequestRatio: ratio("cpuUs"),
    ours: sideOf("ours"),
    rival: sideOf("rival"),
    rounds: ROUNDS,
    secondsPerRound: SECONDS,
    connections: CONNECTIONS,
    bytes: BYTES,
  };

  function sideOf(side: "ours" | "rival"): object {
    return {
      requestsPerSecond: Math.round(middle((pair) => pair[side].requestsPerSecond)),
      p99Ms: middle((pair) => pair[side].p99Ms),
      cpuUs: middle((pair) => pair[side].cpuUs),
      requests: pairs.reduce((sum, pair) => sum + pair[side].requests, 0),
      failed: pairs.reduce((sum, pair) => sum + pair[side].failed, 0),
    };
  }
}

function measure({ port, master }: Side): Round {
  const before = workersCpuUs(master);
  const plan = { port, hostHeader: HOST, connections: CONNECTIONS, seconds: SECONDS };
  const round = runWrk(plan);
  return { ...round, cpuUs: (workersCpuUs(master) - before) / round.requests };
}
