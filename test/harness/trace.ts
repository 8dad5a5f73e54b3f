import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The mean rate of one interval of a trace. */
export interface TraceRow {
  /** When the interval began, as the trace writes it. */
  readonly timestamp: string;
  readonly requestsPerSecond: number;
}

const spikeOfMay = new URL("../../bench/traces/wc98-12-may.csv", import.meta.url);
/** The minute in which the crowd came, after an hour of some twenty requests a second. */
export const SPIKE_ONSET = "1998-05-12T06:38:00Z";

/** 20 minutes of the World Cup site of 1998, a row a minute: 20, then 958 requests a second, then 18. */
export function readSpikeOfMay(): readonly TraceRow[] {
  return readTrace(readFileSync(fileURLToPath(spikeOfMay), "utf8"));
}

/** Far more than any site has. */
const RATE_MAX = 1e9;

/** A line of titles, then a time and a rate per line. */
export function readTrace(text: string): readonly TraceRow[] {
  const [, ...lines] = text.trim().split("\n");
  if (lines.length === 0) throw new Error("the trace has no rows");
  return lines.map((line) => {
    const [timestamp = "", rate = ""] = line.split(",");
    const requestsPerSecond = Number(rate);
    if (!(requestsPerSecond >= 0 && requestsPerSecond <= RATE_MAX))
      throw new Error(`no rate in the trace's row ${line}`);
    return { timestamp, requestsPerSecond };
  });
}

/** The same shape with another peak. */
export function rescale(rows: readonly TraceRow[], peakPerSecond: number): readonly TraceRow[] {
  const peak = rows.reduce((most, row) => Math.max(most, row.requestsPerSecond), 0);
  if (peak === 0) return rows;
  return rows.map((row) => ({
    ...row,
    requestsPerSecond: (row.requestsPerSecond / peak) * peakPerSecond,
  }));
}
