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

/** Two copies of one process differ by several percent for as long as they live: every block starts new ones. */
const BLOCKS = Number(process.env["BLOCKS"] ?? 8);
const ROUNDS = Number(process.env["ROUNDS"] ?? 8);
const SECONDS = Number(process.env["SECONDS"] ?? 1);
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
  const blocks: Rounds[] = [];
  for (let block = 0; block < BLOCKS; block++) blocks.push(await measureBlock(block));
  return { bench: "overhead", ...compare(blocks), ...machine() };
}

/** Who is started first, and who is measured after whom, goes round: both show in the figures. */
async function measureBlock(block: number): Promise<Rounds> {
  const stops: (() => Promise<void>)[] = [];
  const wish = { hostHeader: HOST, servers: SERVERS, bytes: BYTES };
  const startSide = async (name: Name): Promise<Side> => {
    if (name === "ours") return await startOurs(stops);
    const rival = await startRival({ ...wish, ...rivals[name] });
    stops.push(() => rival.stop());
    return rival;
  };
  try {
    const sides: Partial<Record<Name, Side>> = {};
    for (const name of rotated(names, block)) sides[name] = await startSide(name);
    return measureInTurn(sides as Record<Name, Side>);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

async function startOurs(stops: (() => Promise<void>)[]): Promise<Side> {
  const site = await createTestSite(siteFile);
  stops.push(() => site.dispose());
  writeFileSync(join(site.directory, "code", "backend.cfg"), backendConfig(BYTES));
  await site.startController();
  await site.apply();
  await site.until(isAllServing, "the site is up", 60_000);
  return { port: site.port, master: masterOf(site) };
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

const names = ["ours", "rival", "twin", "careless"] as const;
type Name = (typeof names)[number];
type Rounds = readonly Readonly<Record<Name, Round>>[];

/** The hand-tuned HAProxy, twice. */
const copies = ["rival", "twin"] as const;

const rivals = {
  rival: { repeats: "GET" },
  twin: { repeats: "GET" },
  careless: { repeats: "undelivered" },
} as const;

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function measureInTurn(sides: Readonly<Record<Name, Side>>): Rounds {
  const rounds: Record<Name, Round>[] = [];
  for (const name of names) measure(sides[name]);
  for (let round = 0; round < ROUNDS; round++) {
    const inTurn = rotated(names, round);
    const order = Math.floor(round / names.length) % 2 === 0 ? inTurn : inTurn.toReversed();
    const measured = order.map((name) => [name, measure(sides[name])] as const);
    rounds.push(Object.fromEntries(measured) as Record<Name, Round>);
  }
  process.stderr.write(`${JSON.stringify(ratiosOf([rounds], "ours", copies))}\n`);
  return rounds;
}

function compare(blocks: readonly Rounds[]): object {
  const rounds = blocks.flat();
  return {
    ...ratiosOf(blocks, "ours", copies),
    // The rival against a copy of itself: what this machine cannot tell apart.
    noise: ratiosOf(blocks, "twin", ["rival"]),
    // It loses the GETs that a dying server was answering: not the same job, but the fastest there is.
    toCareless: ratiosOf(blocks, "ours", ["careless"]),
    ...Object.fromEntries(names.map((name) => [name, figuresOf(rounds, name)])),
    blocks: BLOCKS,
    rounds: ROUNDS,
    secondsPerRound: SECONDS,
    connections: CONNECTIONS,
    bytes: BYTES,
  };
}

function middle(values: readonly number[]): number {
  return Number(percentile(values, 0.5).toPrecision(4));
}

/** The median over blocks of the median ratio to the mean of the others within each, and the blocks' quartiles. */
function ratiosOf(blocks: readonly Rounds[], name: Name, others: readonly Name[]): object {
  const ratio = (key: "requestsPerSecond" | "p99Ms" | "cpuUs"): readonly number[] => {
    const medians = blocks.map((rounds) =>
      middle(
        rounds.map((round) => {
          const sum = others.reduce((total, other) => total + round[other][key], 0);
          return (round[name][key] * others.length) / sum;
        }),
      ),
    );
    return [0.5, 0.25, 0.75].map((part) => Number(percentile(medians, part).toFixed(3)));
  };
  const requestsPerSecond = ratio("requestsPerSecond");
  const p99 = ratio("p99Ms");
  const cpuPerRequest = ratio("cpuUs");
  return {
    requestsPerSecondRatio: requestsPerSecond[0],
    p99Ratio: p99[0],
    cpuPerRequestRatio: cpuPerRequest[0],
    quartiles: {
      requestsPerSecond: requestsPerSecond.slice(1),
      p99: p99.slice(1),
      cpuPerRequest: cpuPerRequest.slice(1),
    },
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
