import { createArrivals } from "../../simulate/arrivals.ts";
import type { Arrivals } from "../../simulate/arrivals.ts";
import { parseTimestamp } from "../../simulate/timestamp.ts";
import { parseTrace } from "../../simulate/trace.ts";
import type { Trace, TraceIssue } from "../../simulate/trace.ts";
import { CliError, usageError } from "../cli-error.ts";
import { valueOf } from "../command.ts";
import type { Given } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { durationOf } from "../given-values.ts";
import { isoOf } from "../moment.ts";
import { readBounded } from "./bounded-file.ts";
import { readHistory } from "./history.ts";

/** What comes, and for how long. */
export interface Traffic {
  /** Where it is from, in a word. */
  readonly name: string;
  readonly trace: Trace;
  readonly fromS: number;
  readonly toS: number;
  readonly scale: number;
  readonly warnings: readonly string[];
}

export const trafficWords = [
  {
    form: "[trace]",
    about:
      "a CSV file of `timestamp,rps` lines, evenly spaced: ISO-8601 in UTC or seconds since 1970",
  },
] as const;

export const trafficOptions = [
  {
    flags: "--from-history <duration>",
    about: "instead of a trace: what the site remembers of so long, e.g. 14d",
  },
  { flags: "--role <name>", about: "the role (default: the site's default role)" },
  { flags: "--scale <factor>", about: "so many times the traffic, e.g. x2 (default: x1)" },
  {
    flags: "--from <time>",
    about: "begin there, e.g. 2026-06-11T20:00:00Z (default: where the trace begins)",
  },
  { flags: "--to <time>", about: "end there (default: where the trace ends)" },
] as const;

const traceBytesMax = 256 << 20;
const daysMax = 60;
const dayS = 86_400;
const scaleMax = 1e6;
/** A trace of such steps has the noise of its site. */
const noisyStepMaxS = 10;

/** The traffic that was asked for; a `CliError` says what is wrong with it. */
export async function readTraffic(context: Context, given: Given): Promise<Traffic> {
  const scale = scaleOf(given);
  const { name, text } = await readText(context, given);
  const parsed = parseTrace(text);
  if (parsed.kind === "unreadable") throw unreadable(name, parsed.issues);
  const { trace } = parsed;
  const warnings = parsed.warnings.map((issue) => `${place(name, issue)}: ${issue.message}`);
  return { name, trace, scale, warnings, ...windowOf(trace, given) };
}

/** The same window with another seed has other noise. */
export function arrivalsOf({ trace, fromS, toS, scale }: Traffic, seed: number): Arrivals {
  const isNoisy = trace.stepS < noisyStepMaxS;
  return createArrivals(trace, { fromS, toS, scale, seed, ...(isNoisy ? { noiseCv: 0 } : {}) });
}

async function readText(
  context: Context,
  given: Given,
): Promise<{ readonly name: string; readonly text: string }> {
  const [path] = given.words;
  const historyMs = durationOf(given, "fromHistory");
  if ((path === undefined) === (historyMs === null))
    throw usageError("Give a trace, or --from-history with a duration such as 14d, and not both");
  if (path === undefined) return readHistory(context, given, historyMs ?? 0);
  const wish = { cwd: context.parts.cwd, path, bytesMax: traceBytesMax, what: "the trace" };
  return { name: path, text: await readBounded(wish) };
}

function unreadable(name: string, issues: readonly TraceIssue[]): CliError {
  return new CliError(`${name} is no trace: ${counted(issues.length, "line")} cannot be read`, {
    code: "trace",
    exit: exitCodes.usage,
    details: issues.map((issue) => `${place(name, issue)}: ${issue.message}`),
  });
}

function place(name: string, { line }: TraceIssue): string {
  return line === null ? name : `${name}:${line}`;
}

function scaleOf(given: Given): number {
  const text = valueOf(given, "scale") ?? "x1";
  const factor = Number(/^x?(\d{1,7}(?:\.\d{1,6})?)$/.exec(text)?.[1]);
  if (factor > 0 && factor <= scaleMax) return factor;
  throw usageError(`--scale needs a factor above 0 such as x2 or x0.5, got ${text}`);
}

function windowOf(trace: Trace, given: Given): { readonly fromS: number; readonly toS: number } {
  const endS = trace.startS + trace.rates.length * trace.stepS;
  const fromS = timeOf(given, "from") ?? trace.startS;
  const toS = timeOf(given, "to") ?? endS;
  const span = `the trace is from ${isoOf(trace.startS)} to ${isoOf(endS)}`;
  if (fromS >= toS) throw usageError(`--from is not before --to: ${span}`);
  if (fromS < trace.startS || toS > endS)
    throw usageError(`--from and --to are beyond the trace: ${span}`);
  if (toS - fromS > daysMax * dayS) {
    const days = Math.ceil((toS - fromS) / dayS);
    throw usageError(
      `${days} days are too many for one run, at most ${daysMax}: say --from and --to`,
    );
  }
  return { fromS, toS };
}

function timeOf(given: Given, option: string): number | null {
  const text = valueOf(given, option);
  if (text === null) return null;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const second = parseTimestamp(isDate ? `${text}T00:00:00Z` : text);
  if (second !== null) return second;
  throw usageError(
    `--${option} needs a time such as 2026-06-11T20:00:00Z or 2026-06-11, got ${text}`,
  );
}
