import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import type { LoadResult, Tally } from "../test/harness/visitors.ts";

/** All kinds of requests together. */
export function count(result: LoadResult): {
  requests: number;
  failed: number;
  failures: readonly string[];
} {
  const tallies: readonly Tally[] = Object.values(result);
  return {
    requests: tallies.reduce((sum, tally) => sum + tally.requests, 0),
    failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
    failures: tallies.flatMap((tally) => tally.failures).slice(0, 20),
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Where it was measured. */
export function machine(): object {
  const haproxy = execFileSync("haproxy", ["-v"], { encoding: "utf8", env: searchPath() });
  return {
    on: {
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.versions.node,
      haproxy: /version (\S+)/.exec(haproxy)?.[1] ?? "unknown",
      date: new Date().toISOString().slice(0, 10),
    },
  };
}

function searchPath(): Record<string, string> {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };
}
