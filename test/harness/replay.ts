import { sendArrivals } from "./arrivals.ts";
import type { ArrivalResult } from "./arrivals.ts";
import { createTestSite } from "./site.ts";
import type { TestSite } from "./site.ts";
import type { TraceRow } from "./trace.ts";

export interface ReplayPlan {
  readonly rows: readonly TraceRow[];
  readonly rowMs: number;
  /** The row in which a crowd comes; null: none is looked for. */
  readonly onset: string | null;
  /** What a request takes: long enough that requests in flight, not CPU, are what grows. */
  readonly requestMs: number;
  /** How long the application takes before it listens. */
  readonly startMs: number;
  /** The role's keys in the site file's flow style, with its bounds. */
  readonly web: string;
  /** Progress, now and then. */
  readonly onLine: (line: string) => void;
}

export interface Replay extends ArrivalResult {
  readonly durationMs: number;
  /** How many machines there were, paid for whether or not they served yet. */
  readonly machines: readonly MachineCount[];
  readonly machinesMax: number;
  readonly machineSeconds: number;
  /** From the spike's onset to the first answer of a machine that had not answered before; null if none did. */
  readonly answerSeconds: number | null;
}

export interface MachineCount {
  readonly atMs: number;
  readonly machines: number;
  readonly serving: number;
  /** On their way out, to the last. */
  readonly leaving: number;
}

const leavingStates = new Set(["draining", "drained", "terminating"]);
const LOOK_MS = 250;
const TELL_EVERY = 20;

const application = ({ requestMs, startMs }: ReplayPlan): string => `
const { createServer } = require("node:http");
const server = createServer((request, response) => {
  if (request.url === "/up") return response.end("ok");
  setTimeout(() => response.end(process.env.TIDEMILL_MACHINE), ${requestMs});
});
setTimeout(() => server.listen(process.env.PORT, process.env.HOST), ${startMs});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

/** Brings a site up, sends it the trace by an open loop, and takes it down whatever happens. */
export async function replayTrace(plan: ReplayPlan): Promise<Replay> {
  const site = await createTestSite(
    (port) => `site: cup
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, ${plan.web} }
`,
  );
  try {
    site.writeApplication("v1", application(plan));
    await site.startController();
    await site.apply();
    await site.until(
      ({ roles }) => roles.every((role) => role.serving === role.target && role.serving > 0),
      "the site is up",
    );
    return await measure(site, plan);
  } finally {
    await site.dispose();
  }
}

async function measure(site: TestSite, plan: ReplayPlan): Promise<Replay> {
  const { host, port } = site;
  const { rows, rowMs } = plan;
  const startedAt = performance.now();
  const sent = sendArrivals({ host, port, hostHeader: "cup.localhost", rows, rowMs });
  const machines: MachineCount[] = [];
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      const web = (await site.status()).machines.filter((machine) => machine.role === "web");
      const serving = web.filter((machine) => machine.state === "serving").length;
      const leaving = web.filter((machine) => leavingStates.has(machine.state)).length;
      const atMs = performance.now() - startedAt;
      machines.push({ atMs, machines: web.length, serving, leaving });
      if (machines.length % TELL_EVERY === 0)
        plan.onLine(`${serving} of ${web.length} machines serve`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  const result = await sent.finally(() => over.abort());
  await looking;
  const durationMs = performance.now() - startedAt;
  return {
    ...result,
    durationMs,
    machines,
    machinesMax: Math.max(...machines.map((count) => count.machines)),
    machineSeconds: machineSeconds(machines, durationMs),
    answerSeconds: answerSeconds(plan, result),
  };
}

function machineSeconds(counts: readonly MachineCount[], durationMs: number): number {
  return counts.reduce((sum, { atMs, machines }, at) => {
    const from = at === 0 ? 0 : atMs;
    const until = counts[at + 1]?.atMs ?? durationMs;
    return sum + (machines * (until - from)) / 1000;
  }, 0);
}

function answerSeconds(
  { rows, rowMs, onset }: ReplayPlan,
  { firstAnswerMs }: ArrivalResult,
): number | null {
  if (onset === null) return null;
  const onsetMs = rows.findIndex((row) => row.timestamp === onset) * rowMs;
  if (onsetMs < 0) throw new Error(`the rows replayed do not hold ${onset}`);
  const later = Object.values(firstAnswerMs).filter((atMs) => atMs >= onsetMs);
  return later.length === 0 ? null : (Math.min(...later) - onsetMs) / 1000;
}
