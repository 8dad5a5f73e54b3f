/**
 * `npm run sim -- [--minutes 2] [--first SEED] [--jobs 2]`      stories with fresh seeds, until the time is over
 * `npm run sim -- --seed N [--rounds 4]`                        one story, told; a failing one is made smaller
 * `npm run sim -- --break NAME|all`                             breaks a rule and waits for it to be noticed
 *
 * Prints one JSON line last. Exit 1: an invariant was violated, or a broken rule was not noticed.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { breaks } from "./breaks.ts";
import { faultKinds } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { shrink } from "./shrink.ts";
import { tell } from "./simulation.ts";

const ROUNDS = 4;
const NOTICE_MS_MAX = 60_000;
const FELL_OVER = "a worker fell over";
const DAY_MS = 86_400_000;

/** What a worker says of each story, one JSON text a line. */
interface Told {
  readonly seed: number;
  readonly violation: string | null;
  readonly virtualMs: number;
  readonly livedMs: number;
  readonly healedMs: readonly number[];
  readonly faults: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    first: { type: "string" },
    jobs: { type: "string", default: "2" },
    seed: { type: "string" },
    rounds: { type: "string", default: String(ROUNDS) },
    break: { type: "string" },
    stride: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const first = Number(values.first ?? randomInt(1_000_000_000));

if (values.stride !== undefined) await work(first, Number(values.stride));
else if (values.seed !== undefined) await tellOne(Number(values.seed));
else if (values.break !== undefined) await seeBroken(values.break);
else await tellMany(Number(values.minutes) * 60_000);

/** A worker: every so many-th seed, for ever. */
async function work(from: number, stride: number): Promise<void> {
  for (let seed = from; ; seed += stride) {
    const story = await tell({ seed, rounds, kinds: new Set(faultKinds) });
    const { virtualMs, livedMs, healedMs } = story;
    const told: Told = {
      seed,
      violation: story.violations[0] ?? null,
      virtualMs,
      livedMs,
      healedMs,
      faults: Object.fromEntries(story.faults),
    };
    console.log(JSON.stringify(told));
  }
}

async function tellOne(seed: number): Promise<void> {
  const story = await tell({ seed, rounds, kinds: new Set(faultKinds) });
  console.log(story.log.join("\n"));
  if (story.violations.length > 0) {
    console.log(story.violations.join("\n"));
    const smaller = await shrink({ seed, rounds, kinds: new Set(faultKinds) });
    console.log(smaller.log.slice(-40).join("\n"));
    console.log(`smallest: ${smaller.rounds} rounds with ${[...smaller.kinds].join(", ")}`);
  }
  const isWell = story.violations.length === 0;
  console.log(JSON.stringify({ sim: "one", seed, violations: story.violations }));
  process.exit(isWell ? 0 : 1);
}

async function tellMany(ms: number): Promise<void> {
  process.stderr.write(`seeds from ${first} on\n`);
  const all: Told[] = [];
  const bad = await watch({ ms, env: {}, onTold: (told) => all.push(told) });
  const counts = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]));
  for (const { faults } of all) {
    for (const kind of faultKinds) counts.set(kind, (counts.get(kind) ?? 0) + (faults[kind] ?? 0));
  }
  for (const [kind, count] of counts)
    process.stderr.write(`${String(count).padStart(8)}  ${kind}\n`);
  const healed = all.flatMap((told) => told.healedMs).toSorted((a, b) => a - b);
  const sum = (of: (told: Told) => number): number =>
    all.reduce((total, told) => total + of(told), 0);
  console.log(
    JSON.stringify({
      sim: "many",
      stories: all.length,
      virtualDays: Math.round(sum((told) => told.virtualMs) / DAY_MS),
      // The rest are quiet nights, which pass in one step.
      livedHours: Math.round(sum((told) => told.livedMs) / 3_600_000),
      faults: [...counts.values()].reduce((total, count) => total + count, 0),
      faultKinds: faultKinds.length,
      neverFired: faultKinds.filter((kind) => counts.get(kind) === 0),
      healedSecondsMedian: Math.round((healed[healed.length >> 1] ?? 0) / 1_000),
      healedSecondsMax: Math.round((healed.at(-1) ?? 0) / 1_000),
      violations: bad.map(({ seed, violation }) => ({ seed, violation })),
    }),
  );
  process.exit(bad.length === 0 ? 0 : 1);
}

async function seeBroken(name: string): Promise<void> {
  const names = name === "all" ? breaks.map((rule) => rule.name) : [name];
  const notices: object[] = [];
  let missed = 0;
  for (const rule of names) {
    const from = performance.now();
    const env = { TIDEMILL_BREAK: rule };
    const [notice] = await watch({ ms: NOTICE_MS_MAX, env, onTold: () => undefined });
    const seconds = Number(((performance.now() - from) / 1_000).toFixed(1));
    // A program that does not even start notices nothing.
    if (notice === undefined || notice.violation === FELL_OVER) missed += 1;
    const said = {
      rule,
      seconds,
      seed: notice?.seed ?? null,
      violation: notice?.violation ?? null,
    };
    process.stderr.write(`${JSON.stringify(said)}\n`);
    notices.push(said);
  }
  console.log(JSON.stringify({ sim: "broken", rules: names.length, missed, notices }));
  process.exit(missed === 0 ? 0 : 1);
}

interface Watching {
  readonly ms: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onTold: (told: Told) => void;
}

/** Lets workers tell stories until the time is over or one fails; returns the failing ones. */
async function watch({ ms, env, onTold }: Watching): Promise<readonly Told[]> {
  const jobs = Number(values.jobs);
  const bad: Told[] = [];
  const workers: ChildProcess[] = [];
  const stop = (): void => {
    for (const worker of workers) worker.kill("SIGKILL");
  };
  const timer = setTimeout(stop, ms);
  const ends = Array.from({ length: jobs }, (_, job) => {
    const worker = startWorker(first + job, jobs, env);
    workers.push(worker);
    if (worker.stdout !== null) {
      createInterface({ input: worker.stdout }).on("line", (line) => {
        const told = JSON.parse(line) as Told;
        onTold(told);
        if (told.violation === null) return;
        bad.push(told);
        stop();
      });
    }
    return new Promise<void>((resolve) => {
      worker.once("close", (code) => {
        // Nobody but us ends a worker: it fell over.
        if (code !== null && code !== 0) {
          process.stderr.write(`a worker ended with code ${code}\n`);
          bad.push({ seed: first, violation: FELL_OVER, ...nothingTold });
          stop();
        }
        resolve();
      });
    });
  });
  await Promise.all(ends);
  clearTimeout(timer);
  return bad;
}

const nothingTold = { virtualMs: 0, livedMs: 0, healedMs: [], faults: {} };

function startWorker(
  from: number,
  stride: number,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const hook = fileURLToPath(new URL("break-hook.ts", import.meta.url));
  const file = fileURLToPath(import.meta.url);
  const breaking = env["TIDEMILL_BREAK"] === undefined ? [] : ["--import", hook];
  const args = [...breaking, file, "--first", String(from), "--stride", String(stride)];
  return spawn(process.execPath, [...args, "--rounds", String(rounds)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
