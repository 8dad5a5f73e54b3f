import { parseTimestamp } from "./timestamp.ts";

/** Requests per second over time; each rate is the mean of the step that begins there. */
export interface Trace {
  /** Seconds since the epoch. */
  readonly startS: number;
  readonly stepS: number;
  readonly rates: Float64Array;
}

export interface TraceIssue {
  /** From 1; null where it concerns the whole file. */
  readonly line: number | null;
  readonly message: string;
}

export type ParsedTrace =
  | { readonly kind: "trace"; readonly trace: Trace; readonly warnings: readonly TraceIssue[] }
  | { readonly kind: "unreadable"; readonly issues: readonly TraceIssue[] };

/** Five weeks of seconds, or ten years of minutes. */
const ratesMax = 5_500_000;
const rateMax = 1e9;
/** Whoever has this many wrong lines has another file in hand. */
const issuesMax = 10;
const excerptMax = 40;
const headerPattern = /^"?timestamp"?\s*,\s*"?[a-z_ ]+"?$/i;
const ratePattern = /^\d+(\.\d*)?([eE][+-]?\d{1,3})?$/;

interface Row {
  readonly line: number;
  readonly second: number;
  readonly rate: number;
}

/** Reads `timestamp,rps` lines, evenly spaced and in order. Whole steps may be missing; they are filled and told. */
export function parseTrace(text: string): ParsedTrace {
  const issues: TraceIssue[] = [];
  const rows = readRows(text, issues);
  if (issues.length > 0) return { kind: "unreadable", issues };
  const [first, second] = rows;
  if (first === undefined || second === undefined) {
    const message = `Found ${rows.length === 0 ? "no rows" : "one row"}, but a trace has at least two lines such as 2026-06-11T20:30:00Z,12.5`;
    return { kind: "unreadable", issues: [{ line: null, message }] };
  }
  return spread(rows);
}

function readRows(text: string, issues: TraceIssue[]): readonly Row[] {
  const rows: Row[] = [];
  let line = 0;
  let start = text.startsWith("\uFEFF") ? 1 : 0;
  while (start < text.length && issues.length < issuesMax) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const content = text.slice(start, end).trim();
    start = end + 1;
    line += 1;
    if (content === "" || (rows.length === 0 && headerPattern.test(content))) continue;
    if (rows.length >= ratesMax) {
      issues.push({ line, message: `A trace has at most ${ratesMax} rows` });
      break;
    }
    const row = readRow(content, line, rows.at(-1));
    if ("message" in row) issues.push(row);
    else rows.push(row);
  }
  return rows;
}

function readRow(content: string, line: number, before: Row | undefined): Row | TraceIssue {
  const [stamp = "", figure = "", more] = content.split(",", 3).map((cell) => cell.trim());
  const second = parseTimestamp(stamp);
  if (second === null) {
    const message = `Found ${excerpt(stamp)}, but a line begins with a time: 2026-06-11T20:30:00Z (UTC) or seconds since 1970`;
    return { line, message };
  }
  const rate = ratePattern.test(figure) ? Number(figure) : Number.NaN;
  if (more !== undefined || !(rate <= rateMax)) {
    const found = more === undefined ? excerpt(figure) : excerpt(content);
    const message = `Found ${found}, but after the time comes one number of requests per second, from 0 to ${rateMax}`;
    return { line, message };
  }
  if (before !== undefined && second <= before.second) {
    const message = `Found ${excerpt(stamp)}, which is not later than line ${before.line}; times increase from line to line`;
    return { line, message };
  }
  return { line, second, rate };
}

/** Puts the rows on an even grid. */
function spread(rows: readonly Row[]): ParsedTrace {
  let stepS = Number.POSITIVE_INFINITY;
  for (let i = 1; i < rows.length; i += 1) stepS = Math.min(stepS, gapBefore(rows, i));
  const uneven = unevenRow(rows, stepS);
  if (uneven !== null) return { kind: "unreadable", issues: [uneven] };
  const startS = rows[0]?.second ?? 0;
  const length = ((rows.at(-1)?.second ?? startS) - startS) / stepS + 1;
  if (length > ratesMax) {
    const message = `Found steps of ${stepS} s over ${(length - 1) * stepS} s, but a trace has at most ${ratesMax} of them`;
    return { kind: "unreadable", issues: [{ line: null, message }] };
  }
  const rates = new Float64Array(length);
  const warnings: TraceIssue[] = [];
  rates[0] = rows[0]?.rate ?? 0;
  for (let i = 1, index = 0; i < rows.length; i += 1) {
    const [from, to] = [rows[i - 1], rows[i]];
    if (from === undefined || to === undefined) break;
    const steps = gapBefore(rows, i) / stepS;
    // The mean of the neighbours: a gap is no reason to invent a ramp or a hole.
    rates.fill((from.rate + to.rate) / 2, index + 1, index + steps);
    index += steps;
    rates[index] = to.rate;
    if (steps === 1) continue;
    const message = `${steps - 1} ${steps === 2 ? "step is" : "steps are"} missing before this line; the mean of the neighbours is taken`;
    if (warnings.length < issuesMax) warnings.push({ line: to.line, message });
  }
  return { kind: "trace", trace: { startS, stepS, rates }, warnings };
}

/** The first row that is out of step; null when all are in it. */
function unevenRow(rows: readonly Row[], stepS: number): TraceIssue | null {
  const isEven = rows.every((_, i) => i === 0 || gapBefore(rows, i) % stepS === 0);
  if (isEven) return null;
  // One line that comes too early makes a short step, and all others would seem to be wrong.
  const usualS = mostCommonGap(rows);
  const index = rows.findIndex((_, i) => i > 0 && gapBefore(rows, i) % usualS !== 0);
  const found = `Found ${gapBefore(rows, index)} s since line ${rows[index - 1]?.line ?? 0}`;
  const message = `${found}, but lines are ${usualS} s apart, or a multiple of it`;
  return { line: rows[index]?.line ?? null, message };
}

function mostCommonGap(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (let i = 1; i < rows.length; i += 1) {
    const gapS = gapBefore(rows, i);
    counts.set(gapS, (counts.get(gapS) ?? 0) + 1);
  }
  let [usualS, most] = [1, 0];
  for (const [gapS, count] of counts) if (count > most) [usualS, most] = [gapS, count];
  return usualS;
}

function gapBefore(rows: readonly Row[], index: number): number {
  return (rows[index]?.second ?? 0) - (rows[index - 1]?.second ?? 0);
}

function excerpt(text: string): string {
  if (text === "") return "nothing";
  const isLong = text.length > excerptMax;
  // What steers a terminal, or reads backwards there, would reach whoever reads the message.
  return `${JSON.stringify(text.slice(0, excerptMax)).replaceAll(/[^ -~]/g, "?")}${isLong ? " …" : ""}`;
}
