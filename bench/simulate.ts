/** One week of traffic by the minute: how long does it take to try rules on it, and to find better ones? */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../bin/tidemill.mjs", import.meta.url));
const samples = fileURLToPath(new URL("../src/simulate/samples/", import.meta.url));
const rounds = 3;

/** A trace with a week by the minute. */
interface Week {
  readonly name: string;
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

const site = "site: shop\nweb:\n  run: a\n  limit: 4\n  machines: 4..60\n";
const targets = "machines: 4..60\ntargets: [{ in_flight per machine: 2.8 }]\n";
const percentiles =
  'machines: 4..60\ntargets: [{ in_flight per machine: 2.8 }]\nwhen: [{ if: "p95(rt) > 600ms for 30s and requests(30s) >= 50", do: add 3 }]\n';

export async function run(): Promise<object> {
  const week = findWeek();
  const directory = mkdtempSync(join(tmpdir(), "tidemill-bench-"));
  try {
    writeFileSync(join(directory, "tidemill.yaml"), site);
    writeFileSync(join(directory, "targets.yaml"), targets);
    writeFileSync(join(directory, "percentiles.yaml"), percentiles);
    const window = [week.path, "--from", week.from, "--to", week.to];
    const alone = ["simulate", ...window, "--against", "none"];
    const aims = Array.from({ length: rounds }, () => time(directory, alone));
    const figures = {
      simulateSeconds: round(Math.min(...aims.map(({ seconds }) => seconds))),
      ofTargetsSeconds: round(time(directory, [...alone, "--rules", "targets.yaml"]).seconds),
      ofPercentilesSeconds: round(
        time(directory, [...alone, "--rules", "percentiles.yaml"]).seconds,
      ),
      againstAllSeconds: round(time(directory, ["simulate", ...window]).seconds),
    };
    const tuned = time(directory, ["tune", ...window, "--json"]);
    const { tried, isCutShort, present, proposed } = JSON.parse(tuned.stdout);
    return {
      bench: "simulate",
      trace: week.name,
      minutes: 7 * 24 * 60,
      ...figures,
      tuneSeconds: round(tuned.seconds),
      tune: { tried, isCutShort, present, proposed },
      goals: { simulateSeconds: 2, tuneSeconds: 60 },
      isReached: figures.simulateSeconds < 2 && tuned.seconds < 60,
      on: { cores: cpus().length, node: process.versions.node },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** That of the World Cup where it is there, else a shipped one. */
function findWeek(): Week {
  const cup = `${process.env["TIDEMILL_TRACES"] ?? ""}/wc98-june.csv`;
  if (existsSync(cup)) {
    return { name: "wc98-june", path: cup, from: "1998-06-20", to: "1998-06-27" };
  }
  const path = `${samples}synth-frontpage.csv`;
  return { name: "synth-frontpage", path, from: "2024-01-03", to: "2024-01-10" };
}

/** The whole command, from its start to its end. */
function time(
  directory: string,
  words: readonly string[],
): { readonly seconds: number; readonly stdout: string } {
  const startedAt = performance.now();
  const ran = spawnSync(process.execPath, [program, ...words], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  process.stderr.write(`${seconds.toFixed(1)} s: tidemill ${words.join(" ")}\n`);
  if (ran.status === 0 || words[0] === "tune") return { seconds, stdout: ran.stdout };
  throw new Error(`tidemill ${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
