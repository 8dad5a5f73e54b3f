import { request } from "node:http";
import type { ProbeCount } from "../core/drills/record.ts";

/** Whoever waits longer than this has left. */
const TIMEOUT_MS = 10_000;
/** A site that answers nothing must not gather requests without end. */
const IN_FLIGHT_MAX = 500;
/** After the last, what is under way may still come to its end. */
const WORDS_MAX = 200;

export interface ProbePlan {
  readonly url: string;
  readonly path: string;
  readonly perSecond: number;
}

export interface Probes {
  count(): ProbeCount;
  /** Resolves when the last that was sent is answered, or given up. */
  stop(): Promise<ProbeCount>;
}

/** Sends GETs at an even rate, each on a connection of its own, as visitors come; never again what failed. */
export function startProbes(plan: ProbePlan): Probes {
  const tally = { requests: 0, failed: 0, outageMs: 0, slowestMs: 0 };
  let firstFailure: string | null = null;
  let failingSince: number | null = null;
  const underWay = new Set<Promise<void>>();
  const send = (): void => {
    if (underWay.size >= IN_FLIGHT_MAX) return;
    const sentAt = performance.now();
    const probe = probeOnce(plan).then((failure) => {
      tally.requests += 1;
      underWay.delete(probe);
      if (failure === null) {
        tally.slowestMs = Math.max(tally.slowestMs, Math.round(performance.now() - sentAt));
        if (failingSince !== null && sentAt > failingSince) {
          tally.outageMs = Math.max(tally.outageMs, Math.round(performance.now() - failingSince));
          failingSince = null;
        }
        return;
      }
      tally.failed += 1;
      firstFailure ??= failure.slice(0, WORDS_MAX);
      failingSince ??= sentAt;
    });
    underWay.add(probe);
  };
  const timer = setInterval(send, 1_000 / plan.perSecond);
  send();
  const count = (): ProbeCount => {
    const openMs = failingSince === null ? 0 : Math.round(performance.now() - failingSince);
    return { ...tally, outageMs: Math.max(tally.outageMs, openMs), firstFailure };
  };
  return {
    count,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return count();
    },
  };
}

/** Null for an answer; a refusal of ours, such as 404, is one, an error of the server is none. */
export async function probeOnce({
  url,
  path,
}: Omit<ProbePlan, "perSecond">): Promise<string | null> {
  const target = new URL(path, url);
  const isLocal = target.hostname.endsWith(".localhost");
  const options = {
    // Not every resolver knows that names under localhost are this computer.
    host: isLocal ? "127.0.0.1" : target.hostname,
    port: target.port === "" ? undefined : Number(target.port),
    path: `${target.pathname}${target.search}`,
    headers: { host: target.host, "user-agent": "tidemill-drill" },
    agent: false as const,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  // Loaded only where it is used: every command starts with what the program imports.
  const ask = target.protocol === "https:" ? (await import("node:https")).request : request;
  return new Promise((resolve) => {
    const sent = ask(options, (answer) => {
      const { statusCode = 0 } = answer;
      answer.resume();
      answer.on("error", (error) => resolve(words(error)));
      answer.on("close", () => {
        if (!answer.complete) resolve("cut off in the middle");
        else resolve(statusCode >= 500 ? `status ${statusCode}` : null);
      });
    });
    sent.on("error", (error) => resolve(words(error)));
    sent.end();
  });
}

function words(error: Error): string {
  const isLate = error.name === "AbortError" || error.name === "TimeoutError";
  return isLate ? `no answer in ${TIMEOUT_MS / 1_000} s` : error.message;
}
