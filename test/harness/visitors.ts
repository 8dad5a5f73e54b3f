import { Agent, request } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";

/** How many visitors of each kind walk the site at the same time. */
export interface Crowd {
  /** One kept connection each, a GET after the other, no retry. */
  readonly keepAlive: number;
  /** A new connection per GET. */
  readonly fresh: number;
  /** POST with a body that must come back, on a kept connection, never retried. */
  readonly post: number;
  /** GETs that take `longMs` each. */
  readonly long: number;
}

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly hostHeader: string;
  readonly crowd: Crowd;
  /** Pause between two requests of one visitor: 0 to twice this. */
  readonly thinkMs: number;
  readonly longMs: number;
  /** The run ends by itself after this time at the latest. */
  readonly timeMsMax: number;
}

export type Kind = keyof Crowd;

export interface Tally {
  requests: number;
  failed: number;
  /** The first failures, in words. */
  readonly failures: string[];
  readonly latenciesMs: number[];
}

export type LoadResult = Readonly<Record<Kind, Tally>>;

const FAILURES_KEPT = 20;
const TIMEOUT_MS = 20_000;

export interface Load {
  /** Ends every visitor after the request it is in. */
  stop(): Promise<LoadResult>;
  readonly tallies: LoadResult;
}

/** Visitors that count what they get, as a browser without mercy would: whatever is not the right answer has failed. */
export function startLoad(plan: LoadPlan): Load {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), plan.timeMsMax);
  const tallies: LoadResult = {
    keepAlive: newTally(),
    fresh: newTally(),
    post: newTally(),
    long: newTally(),
  };
  const walks = (Object.keys(tallies) as Kind[]).flatMap((kind) =>
    Array.from({ length: plan.crowd[kind] }, () => walk(plan, kind, tallies[kind], stop.signal)),
  );
  return {
    tallies,
    async stop() {
      stop.abort();
      clearTimeout(timer);
      await Promise.all(walks);
      return tallies;
    },
  };
}

function newTally(): Tally {
  return { requests: 0, failed: 0, failures: [], latenciesMs: [] };
}

async function walk(plan: LoadPlan, kind: Kind, tally: Tally, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: kind !== "fresh", maxSockets: 1 });
  for (let visit = 0; !signal.aborted; visit++) {
    const started = performance.now();
    const failure = await visitOnce(plan, kind, agent, visit);
    tally.requests += 1;
    tally.latenciesMs.push(performance.now() - started);
    if (failure !== null) {
      tally.failed += 1;
      if (tally.failures.length < FAILURES_KEPT) {
        tally.failures.push(`${new Date().toISOString()} ${kind}: ${failure}`);
      }
    }
    await pause(Math.random() * 2 * plan.thinkMs);
  }
  agent.destroy();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function visitOnce(
  plan: LoadPlan,
  kind: Kind,
  agent: Agent,
  visit: number,
): Promise<string | null> {
  const body = kind === "post" ? `visit ${visit} ${"x".repeat(200)}` : null;
  const path = kind === "long" ? `/slow?ms=${plan.longMs}` : kind === "post" ? "/echo" : "/";
  try {
    const { status, text } = await ask({ plan, agent, path, body });
    if (status !== 200) return `status ${status}`;
    if (body !== null && text !== body) return `echoed ${text.length} of ${body.length} bytes`;
    return text.length === 0 ? "empty answer" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Question {
  readonly plan: LoadPlan;
  readonly agent: Agent;
  readonly path: string;
  readonly body: string | null;
}

function ask({ plan, agent, path, body }: Question): Promise<{ status: number; text: string }> {
  const options: RequestOptions = {
    host: plan.host,
    port: plan.port,
    agent,
    path,
    method: body === null ? "GET" : "POST",
    headers: {
      host: plan.hostHeader,
      ...(body === null ? {} : { "content-length": Buffer.byteLength(body) }),
    },
    timeout: TIMEOUT_MS,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer: IncomingMessage) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () =>
        answer.complete
          ? resolve({ status: answer.statusCode ?? 0, text })
          : reject(new Error("cut off in the middle")),
      );
      answer.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    sent.on("error", reject);
    sent.end(body ?? undefined);
  });
}
