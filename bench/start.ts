/** What a command costs before it does anything: the version and a status against an empty Node.js, and a warm `up`. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machine, percentile } from "./report.ts";

const ROUNDS = 25;
const UPS = 5;
const program = fileURLToPath(new URL("../bin/tidemill.mjs", import.meta.url));
const example = fileURLToPath(new URL("../examples/hello", import.meta.url));

export function run(): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-start-"));
  cpSync(example, directory, { recursive: true, filter: (path) => !path.includes(".tidemill") });
  const file = ["--file", join(directory, "tidemill.yaml")];
  try {
    const ups: number[] = [];
    secondsOf([program, "up", ...file]);
    const versions: number[] = [];
    const empties: number[] = [];
    const statuses: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      empties.push(secondsOf(["-e", "0"]));
      versions.push(secondsOf([program, "--version"]));
      statuses.push(secondsOf([program, "status", ...file]));
    }
    for (let round = 0; round < UPS; round++) {
      secondsOf([program, "down", "--yes", ...file]);
      ups.push(secondsOf([program, "up", ...file]));
    }
    const ratios = versions.map((seconds, round) => seconds / (empties[round] ?? Number.NaN));
    return Promise.resolve({
      bench: "start",
      versionRatioMedian: round2(percentile(ratios, 0.5)),
      emptySecondsMedian: round3(percentile(empties, 0.5)),
      versionSecondsMedian: round3(percentile(versions, 0.5)),
      statusSecondsMedian: round3(percentile(statuses, 0.5)),
      upSecondsMedian: round2(percentile(ups, 0.5)),
      upSecondsMax: round2(Math.max(...ups)),
      ...machine(),
    });
  } finally {
    spawnSync(process.execPath, [program, "down", "--yes", ...file], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  }
}

function secondsOf(args: readonly string[]): number {
  const started = performance.now();
  const done = spawnSync(process.execPath, [...args], { stdio: ["ignore", "ignore", "pipe"] });
  if (done.status !== 0) throw new Error(`${args.join(" ")}: ${String(done.stderr)}`);
  return (performance.now() - started) / 1000;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
