/**
 * An open loop: requests are sent when the trace says so, whether or not earlier ones were answered, as a crowd
 * does. It runs in a process of its own, so that who measures does not slow down who is measured.
 */
import { fork } from "node:child_process";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import type { TraceRow } from "./trace.ts";

export interface ArrivalPlan {
  readonly host: string;
  readonly port: number;
  readonly hostHeader: string;
  readonly rows: readonly TraceRow[];
  /** How long each row of the trace takes here. */
  readonly rowMs: number;
}

export interface ArrivalResult {
  readonly requests: number;
  readonly failed: number;
  /** The first failures, in words. */
  readonly failures: readonly string[];
  readonly latenciesMs: readonly number[];
  /** The most requests that waited for an answer at once. */
  readonly inFlightMax: number;
  /** How late the last request of a burst was sent, at worst: what a busy sender hides of the crowd. */
  readonly lateMsMax: number;
  /** By what the answers said: when each machine answered first, as milliseconds since the first row began. */
  readonly firstAnswerMs: Readonly<Record<string, number>>;
}

const FAILURES_KEPT = 20;
const TIMEOUT_MS = 20_000;
/** Beyond this a visitor is turned away and counted as failed: the sender has an end as well. */
const IN_FLIGHT_MAX = 2_000;
/** Arrivals are due to the millisecond; the sender looks this often. */
const LOOK_MS = 2;

/** Resolves when the last request has been answered. */
export function sendArrivals(plan: ArrivalPlan): Promise<ArrivalResult> {
  const child = fork(fileURLToPath(import.meta.url), ["run"], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("message", (result) => resolve(result as ArrivalResult));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the sender ended with ${code}`)));
    child.send(plan);
  });
}

if (process.argv[2] === "run" && process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once("message", (plan: ArrivalPlan) => {
    void sendAll(plan).then((result) => process.send?.(result, () => process.exit(0)));
  });
  // Nobody is left to tell: whoever started us has died.
  process.on("disconnect", () => process.exit(1));
}

async function sendAll(plan: ArrivalPlan): Promise<ArrivalResult> {
  const times = arrivalTimes(plan);
  const result = { requests: 0, failed: 0, inFlightMax: 0, lateMsMax: 0 };
  const [failures, latenciesMs]: [string[], number[]] = [[], []];
  const firstAnswerMs: Record<string, number> = {};
  const waiting = new Set<Promise<void>>();
  const startedAt = performance.now();
  const sinceStart = (): number => performance.now() - startedAt;

  async function visit(): Promise<void> {
    const sentMs = sinceStart();
    const answer = waiting.size >= IN_FLIGHT_MAX ? "too many wait" : await ask(plan);
    latenciesMs.push(sinceStart() - sentMs);
    if (typeof answer === "object") return void (firstAnswerMs[answer.text] ??= sinceStart());
    result.failed += 1;
    if (failures.length < FAILURES_KEPT) failures.push(`${Math.round(sentMs)} ms: ${answer}`);
  }

  while (result.requests < times.length) {
    for (let due = times[result.requests]; due !== undefined && due <= sinceStart();) {
      result.lateMsMax = Math.max(result.lateMsMax, sinceStart() - due);
      result.requests += 1;
      const visited = visit().finally(() => waiting.delete(visited));
      waiting.add(visited);
      result.inFlightMax = Math.max(result.inFlightMax, waiting.size);
      due = times[result.requests];
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await Promise.all(waiting);
  return { ...result, failures, latenciesMs, firstAnswerMs };
}

/** Visitors do not know of each other: the gaps between them are exponential. */
function arrivalTimes({ rows, rowMs }: ArrivalPlan): readonly number[] {
  return rows.flatMap(({ requestsPerSecond }, row) => {
    const times: number[] = [];
    const gap = (): number => (-Math.log(1 - Math.random()) * 1000) / requestsPerSecond;
    const from = row * rowMs;
    for (let at = from + gap(); at < from + rowMs; at += gap()) times.push(at);
    return times;
  });
}

/** The answer, or in words why there is none. Every visitor comes by a connection of its own. */
function ask(plan: ArrivalPlan): Promise<{ readonly text: string } | string> {
  const { host, port, hostHeader } = plan;
  const headers = { host: hostHeader };
  const options = { host, port, headers, agent: false, timeout: TIMEOUT_MS };
  return new Promise((resolve) => {
    const sent = get(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("error", (error) => resolve(error.message));
      answer.on("end", () =>
        resolve(answer.statusCode === 200 ? { text } : `status ${answer.statusCode}`),
      );
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    sent.on("error", (error) => resolve(error.message));
  });
}
