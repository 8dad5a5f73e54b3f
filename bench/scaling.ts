/** Traffic of real sites meets policies in the simulator: who is slow, at what cost, measured by who knows the future? */
import { parseArgs } from "node:util";
import { runJobs } from "./scaling/crew.ts";
import type { Job } from "./scaling/jobs.ts";
import { compare, summarize } from "./scaling/summary.ts";
import type { Comparison, Line } from "./scaling/summary.ts";
import { readWindow, windowSets } from "./scaling/windows.ts";
import type { Window } from "./scaling/windows.ts";

/** At equal cost, and at equally many slow requests. */
const comparedWith = ["hpa-65", "hpa-50", "hpa-65-15min", "asg-50", "kpa", "kpa-300s"];

export async function run(): Promise<object> {
  const wish = readWish(process.argv.slice(3));
  const windows = findWindows(wish);
  const jobs = windows.flatMap((window) =>
    wish.seeds.map((seed, nth): Job => {
      const { directory, bootS, isExact } = wish;
      return { window, directory, seed, bootS, isExact, isSweep: wish.isSweep && nth === 0 };
    }),
  );
  const startedAt = performance.now();
  const outcomes = await runJobs(jobs, ({ window, seed }) => {
    process.stderr.write(`${window.name}, seed ${seed}\n`);
  });
  const lines = summarize(outcomes.filter(({ policy }) => !policy.startsWith("ours:")));
  const first = outcomes.filter(({ seed }) => seed === wish.seeds[0]);
  const sweep = summarize(first);
  const ratios = wish.isSweep
    ? comparedWith.map((rival) => ({ rival, ...compare(sweep, rival) }))
    : [];
  process.stderr.write(tell(lines, ratios));
  return {
    bench: "scaling",
    bootSeconds: wish.bootS,
    engine: wish.isExact ? "exact" : "fluid",
    windows: windows.map(({ name }) => name),
    seeds: wish.seeds,
    policies: Object.fromEntries(lines.map((line) => [line.policy, figuresOf(line)])),
    ours: Object.fromEntries(
      lines
        .filter(({ policy }) => policy === "ours")
        .flatMap((line) =>
          line.windows.map((w) => [w.window, [round(w.slowPercent), round(w.cost)]]),
        ),
    ),
    against: Object.fromEntries(
      ratios.map(({ rival, ...ratio }) => [
        rival,
        {
          fewerSlowAtEqualCost: roundOrNull(ratio.fewerSlowAtEqualCost),
          costAtEqualSlow: roundOrNull(ratio.costAtEqualSlow),
        },
      ]),
    ),
    tookSeconds: round((performance.now() - startedAt) / 1000),
  };
}

interface Wish {
  readonly bootS: number;
  readonly seeds: readonly number[];
  readonly directory: string | null;
  readonly windows: readonly Window[];
  readonly isExact: boolean;
  readonly isSweep: boolean;
}

function readWish(args: readonly string[]): Wish {
  const { values } = parseArgs({
    args: [...args],
    options: {
      boot: { type: "string", default: "60s" },
      seeds: { type: "string", default: "1,2,3" },
      trace: { type: "string" },
      windows: { type: "string", default: "published" },
      exact: { type: "boolean", default: false },
      "no-sweep": { type: "boolean", default: false },
    },
  });
  const bootS = Number(/^(\d+)s$/.exec(values.boot)?.[1]);
  const seeds = values.seeds.split(",").map(Number);
  const windows = windowSets[values.windows];
  if (!(bootS > 0)) throw new Error("--boot is a number of seconds, such as 60s");
  if (!seeds.every(Number.isInteger)) throw new Error("--seeds are whole numbers, such as 1,2,3");
  if (windows === undefined)
    throw new Error(`--windows is one of ${Object.keys(windowSets).join(", ")}`);
  const directory = values.trace ?? process.env["TIDEMILL_TRACES"] ?? null;
  const { exact: isExact, "no-sweep": isWithoutSweep } = values;
  return { bootS, seeds, directory, windows, isExact, isSweep: !isWithoutSweep };
}

/** Some traces may not be handed on: who has them says where. */
function findWindows({ windows, directory }: Wish): readonly Window[] {
  const found = windows.filter((window) => readWindow(window, directory) !== null);
  const missing = windows.filter((window) => !found.includes(window)).map(({ file }) => file);
  if (missing.length > 0) {
    const files = [...new Set(missing)].join(", ");
    process.stderr.write(`Without ${files}: say --trace DIRECTORY or TIDEMILL_TRACES\n`);
  }
  return found;
}

function tell(lines: readonly Line[], ratios: readonly ({ rival: string } & Comparison)[]): string {
  const names = lines[0]?.windows.map(({ window }) => window) ?? [];
  const heads = ["policy", ...names, "slow %", "cost", "worst %", "turns/day"];
  const rows = lines.map((line) => [
    line.policy,
    ...line.windows.map((w) => `${percent(w.slowPercent)} x${w.cost.toFixed(2)}`),
    percent(line.slowPercent),
    `x${line.cost.toFixed(2)}`,
    percent(line.worstPercent),
    line.directionChangesPerDay.toFixed(0),
  ]);
  const wide = heads.map((_, i) => Math.max(...[heads, ...rows].map((row) => row[i]?.length ?? 0)));
  const table = [heads, ...rows].map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(wide[i] ?? 0) : cell.padStart(wide[i] ?? 0)))
      .join("  "),
  );
  const compared = ratios.map(
    ({ rival, fewerSlowAtEqualCost, costAtEqualSlow }) =>
      `against ${rival}: ${fewerSlowAtEqualCost?.toFixed(1) ?? "?"}x fewer slow at equal cost, ` +
      `${costAtEqualSlow === null ? "?" : Math.round(costAtEqualSlow * 100)} % of the cost at equally many`,
  );
  return `${[...table, ...compared].join("\n")}\n`;
}

function figuresOf(line: Line): object {
  return {
    slowPercent: round(line.slowPercent),
    cost: round(line.cost),
    worstPercent: round(line.worstPercent),
    worstWindow: line.worstWindow,
    directionChangesPerDay: round(line.directionChangesPerDay),
  };
}

function percent(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : round(value);
}
