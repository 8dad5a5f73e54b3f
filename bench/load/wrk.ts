import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../site.ts";

/** What wrk counted in one round. */
export interface WrkRound {
  readonly requests: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

export interface WrkPlan {
  readonly port: number;
  readonly hostHeader: string;
  readonly connections: number;
  readonly seconds: number;
}

/** wrk rounds the percentiles it prints; its own script has them in microseconds. */
const tell = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"p99Us":%d,"failed":%d}\\n', summary.requests,
    summary.duration, latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end`;

/** Kept connections as fast as they are answered, from one thread. */
export function runWrk(plan: WrkPlan): WrkRound {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-wrk-"));
  try {
    const script = join(directory, "tell.lua");
    writeFileSync(script, tell);
    const output = runProgram("wrk", [
      "-t1",
      `-c${plan.connections}`,
      `-d${plan.seconds}s`,
      "-s",
      script,
      "-H",
      `Host: ${plan.hostHeader}`,
      `http://127.0.0.1:${plan.port}/`,
    ]);
    const line = /^\{.*\}$/m.exec(output)?.[0] ?? "{}";
    const told = JSON.parse(line) as {
      requests: number;
      us: number;
      p99Us: number;
      failed: number;
    };
    return {
      requests: told.requests,
      failed: told.failed,
      requestsPerSecond: (told.requests / told.us) * 1e6,
      p99Ms: told.p99Us / 1000,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
