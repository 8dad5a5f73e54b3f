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
  const [, ...lines] = readFileSync(fileURLToPath(spikeOfMay), "utf8").trim().split("\n");
  return lines.map((line) => {
    const [timestamp = "", rate = ""] = line.split(",");
    const requestsPerSecond = Number(rate);
    if (!Number.isFinite(requestsPerSecond)) throw new Error(`no rate in the trace's row ${line}`);
    return { timestamp, requestsPerSecond };
  });
}

/** The same shape with another peak. */
export function rescale(rows: readonly TraceRow[], peakPerSecond: number): readonly TraceRow[] {
  const peak = Math.max(...rows.map((row) => row.requestsPerSecond));
  return rows.map((row) => ({
    ...row,
    requestsPerSecond: (row.requestsPerSecond / peak) * peakPerSecond,
  }));
}
