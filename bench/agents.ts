/** 1,000 agents report to one controller once a second: what does it cost, and how soon is their news on record? */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { controllerFlags } from "../src/wire/controller-flags.ts";
import { until } from "../test/harness/until.ts";
import { makeWorld, monotonicMs, writeCrowdOrder } from "./agents/world.ts";
import type { FromController, FromCrowd, ToCrowd, World } from "./agents/world.ts";
import { machine, percentile } from "./report.ts";

const AGENTS = Number(process.env["AGENTS"] ?? 1_000);
const SECONDS = Number(process.env["SECONDS"] ?? 60);
/** Processes that become healthy per second: each is on record as soon as the controller has heard of it. */
const NEWS_PER_SECOND = Number(process.env["NEWS"] ?? 3);
const HOME_MS_MAX = 60_000;
/** The first round after all have come home is not yet the steady state. */
const SETTLE_MS = 5_000;

export async function run(): Promise<object> {
  const world = await makeWorld(AGENTS, Math.ceil(SECONDS * NEWS_PER_SECOND));
  const children: ChildProcess[] = [];
  try {
    const first = startController(world, children);
    const url = (await first.next("listens")).url;
    const crowd = start("crowd", [writeCrowdOrder(world, url)], children);
    const startedAt = monotonicMs();
    const firstHomeSeconds = ((await first.next("all-home")).atMs - startedAt) / 1_000;
    await pause(SETTLE_MS);
    const calm = await measure(first, () => pause((SECONDS * 1_000) / 2));
    process.stderr.write(`calm: ${JSON.stringify(calm)}\n`);
    const delays: number[] = [];
    const busy = await measure(first, async () => {
      delays.push(...(await heal(world, first, crowd)));
    });
    process.stderr.write(`busy: ${JSON.stringify(busy)}\n`);
    const restartSeconds = await restart(world, first, children);
    return {
      bench: "agents",
      agents: AGENTS,
      coreShare: busy.coreShare,
      rssMb: Math.max(busy.rssMb, calm.rssMb),
      recordedMsP50: round(percentile(delays, 0.5)),
      recordedMsP99: round(percentile(delays, 0.99)),
      recordedMsMax: round(Math.max(...delays)),
      news: delays.length,
      seconds: SECONDS,
      coreShareWithoutNews: calm.coreShare,
      firstHomeSeconds: round(firstHomeSeconds),
      restartSeconds: round(restartSeconds),
      ...machine(),
    };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    rmSync(world.state, { recursive: true, force: true });
  }
}

interface RunningController {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly startedAt: number;
  /** When each server was on record as joined. */
  readonly joined: ReadonlyMap<number, number>;
  next<Kind extends FromController["kind"]>(
    kind: Kind,
  ): Promise<Extract<FromController, { kind: Kind }>>;
}

function startController(world: World, children: ChildProcess[]): RunningController {
  const child = start("controller", [world.state], children);
  const joined = new Map<number, number>();
  const heard: FromController[] = [];
  child.on("message", (message: FromController) => {
    if (message.kind === "joined") joined.set(message.server, message.atMs);
    else heard.push(message);
  });
  return {
    pid: child.pid ?? 0,
    child,
    startedAt: monotonicMs(),
    joined,
    next: (kind) =>
      until(
        `the controller says ${kind}`,
        () => heard.find((message) => message.kind === kind) as never,
        HOME_MS_MAX,
      ),
  };
}

function start(name: string, args: readonly string[], children: ChildProcess[]): ChildProcess {
  const file = fileURLToPath(new URL(`./agents/${name}.ts`, import.meta.url));
  const profile = process.env["PROFILE"];
  const flags = name === "controller" ? controllerFlags : [];
  const wish = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const execArgv = [...flags, ...wish];
  const child = fork(file, [...args], { stdio: ["ignore", 2, 2, "ipc"], execArgv });
  children.push(child);
  return child;
}

interface Cost {
  /** Of one core. */
  readonly coreShare: number;
  readonly rssMb: number;
}

/** What the controller costs while the work is done: its CPU over the whole, its memory at the most. */
async function measure({ pid }: RunningController, work: () => Promise<void>): Promise<Cost> {
  let rssMb = 0;
  const look = setInterval(() => (rssMb = Math.max(rssMb, rssMbOf(pid))), 500);
  const from = { cpu: cpuSecondsOf(pid), at: performance.now() };
  await work();
  const seconds = (performance.now() - from.at) / 1_000;
  const coreShare = round((cpuSecondsOf(pid) - from.cpu) / seconds);
  clearInterval(look);
  return { coreShare, rssMb: Math.round(rssMb) };
}

/** Processes get healthy one after the other; from the agent's report to the record, in milliseconds each. */
async function heal(
  { starting }: World,
  controller: RunningController,
  crowd: ChildProcess,
): Promise<readonly number[]> {
  const sent = new Map<number, number>();
  crowd.on("message", ({ server, atMs }: FromCrowd) => sent.set(server, atMs));
  for (const server of starting) {
    const order: ToCrowd = { kind: "heal", server };
    crowd.send(order);
    // By chance, so that no two clocks are in step.
    await pause((Math.random() * 2_000) / NEWS_PER_SECOND);
  }
  const isAll = (): boolean => sent.size === starting.length && controller.joined.size >= sent.size;
  const missing = (): string =>
    `all are on record; missing ${starting.filter((id) => !controller.joined.has(id)).join()}`;
  await until(missing, isAll, 10_000);
  return starting.map((id) => (controller.joined.get(id) ?? NaN) - (sent.get(id) ?? NaN));
}

/** From the start of the next controller until all agents of the killed one have reported to it. */
async function restart(
  world: World,
  former: RunningController,
  children: ChildProcess[],
): Promise<number> {
  const ended = new Promise((resolve) => former.child.once("exit", resolve));
  former.child.kill(process.env["PROFILE"] === undefined ? "SIGKILL" : "SIGTERM");
  await ended;
  const next = startController(world, children);
  const home = await next.next("all-home");
  return (home.atMs - next.startedAt) / 1_000;
}

const TICKS_PER_SECOND = 100;

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssMbOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
