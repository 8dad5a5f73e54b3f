/** kill -9 of machines, HAProxy, agents and the controller, in turn, under load: what is lost, how soon is it back? */
import type { TestSite } from "../test/harness/site.ts";
import { until } from "../test/harness/until.ts";
import type { LoadProcess } from "../test/harness/load-process.ts";
import { count, machine, percentile } from "./report.ts";
import { kill9, killMachine, processesOf } from "../test/harness/processes.ts";
import { isAllServing, startCrowd, withSite } from "./site.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const MACHINES = 3;
/** The site is left alone this long without its controller. */
const AWAY_MS = 5_000;

interface Crash {
  readonly rounds: number;
  readonly requests: number;
  readonly failed: number;
  readonly secondsMedian: number;
  readonly secondsMax: number;
  readonly failures: readonly string[];
}

export function run(): Promise<object> {
  return withSite({ web: `machines: ${MACHINES}` }, async (site) => {
    const machines = await crash(site, replaceMachine);
    const webAgents = await crash(site, (s) => killAgent(s, "web-"));
    const balancerAgents = await crash(site, (s) => killAgent(s, "lb-"));
    const haproxy = await crash(site, killHaproxy);
    const controller = await crash(site, killController);
    return {
      bench: "crash",
      getLostOnMachineDeath: machines.failed,
      machines,
      haproxy,
      webAgents,
      balancerAgents,
      controller,
      ...(await countStrays(site)),
      ...machine(),
    };
  });
}

/** Only GETs: what was in flight on a dead machine may be sent again. */
async function crash(site: TestSite, kill: (site: TestSite) => Promise<number>): Promise<Crash> {
  const load: LoadProcess = startCrowd(site, { keepAlive: 16, fresh: 4, post: 0, long: 0 });
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    seconds.push((await kill(site)) / 1000);
    await site.until(isAllServing, "all serves again", 60_000);
    process.stderr.write(`${kill.name || "agent"}: back after ${seconds.at(-1)?.toFixed(2)} s\n`);
  }
  return {
    rounds: ROUNDS,
    ...count(await load.stop()),
    secondsMedian: Number(percentile(seconds, 0.5).toFixed(2)),
    secondsMax: Number(Math.max(...seconds).toFixed(2)),
  };
}

/** Until another machine serves in its place. */
async function replaceMachine(site: TestSite): Promise<number> {
  const before = (await site.status()).machines.map((m) => m.machine);
  const victim = before.find((name) => name.startsWith("web-")) ?? "";
  const started = performance.now();
  await killMachine(site, victim);
  await site.until(
    ({ machines }) =>
      machines.filter((m) => m.role === "web" && m.state === "serving" && m.machine !== victim)
        .length === MACHINES,
    "a replacement serves",
  );
  return performance.now() - started;
}

/** Until it answers again. */
async function killHaproxy(site: TestSite): Promise<number> {
  const started = performance.now();
  kill9(processesOf(site).filter((process) => process.command.includes("haproxy ")));
  await until("HAProxy is gone", async () => !(await answers(site)), 5_000).catch(() => undefined);
  await until("HAProxy is back", () => answers(site), 20_000);
  return performance.now() - started;
}

async function answers(site: TestSite): Promise<boolean> {
  try {
    return (await fetch(site.url, { headers: { connection: "close" } })).ok;
  } catch {
    return false;
  }
}

/** Until it has called home again; what it looked after must not have noticed. */
async function killAgent(site: TestSite, prefix: string): Promise<number> {
  const all = processesOf(site).filter((process) => process.machine.startsWith(prefix));
  const agent = all.find((process) => process.command.includes("tidemill.mjs agent"));
  if (agent === undefined) throw new Error(`no agent of ${prefix}`);
  const others = all.filter((p) => p.machine === agent.machine && p.pid !== agent.pid);
  const started = performance.now();
  kill9([agent]);
  const isBack = (): boolean =>
    processesOf(site).some(
      (p) =>
        p.machine === agent.machine &&
        p.pid !== agent.pid &&
        p.command.includes("tidemill.mjs agent"),
    );
  await until("the agent is back", isBack, 20_000);
  await site.until(isAllServing, "it has called home", 20_000);
  const took = performance.now() - started;
  const now = new Set(processesOf(site).map((process) => process.pid));
  const ended = others.filter((process) => !now.has(process.pid));
  if (ended.length > 0) throw new Error(`ended with their agent: ${JSON.stringify(ended)}`);
  return took;
}

/** Until a new controller sees all of it serving; the same processes must go on. */
async function killController(site: TestSite): Promise<number> {
  const before = processesOf(site).map((process) => process.pid);
  process.kill(site.controllerPid(), "SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  const started = performance.now();
  await site.startController();
  await site.until(isAllServing, "the new controller sees it all", 30_000);
  const took = performance.now() - started;
  const after = processesOf(site).map((process) => process.pid);
  const isSame = before.length === after.length && before.every((pid) => after.includes(pid));
  if (!isSame) throw new Error(`processes before ${String(before)}, after ${String(after)}`);
  return took;
}

/** Machines beyond those on record, and processes of machines that are on no record. */
async function countStrays(site: TestSite): Promise<{ duplicates: number; orphans: number }> {
  const { machines } = await site.status();
  const names = new Set(machines.map((m) => m.machine));
  const seen = new Set(processesOf(site).map((process) => process.machine));
  const orphans = [...seen].filter((name) => !names.has(name)).length;
  return { duplicates: machines.length - (MACHINES + 1), orphans };
}
