/** The spike of 12 May 1998 on the World Cup site, 20 minutes in two, sent by an open loop: what is lost, what does it cost? */
import { replayTrace } from "../test/harness/replay.ts";
import type { MachineCount } from "../test/harness/replay.ts";
import { readSpikeOfMay, rescale, SPIKE_ONSET } from "../test/harness/trace.ts";
import { machine, percentile } from "./report.ts";

/** Requests per second at the peak: what two cores carry beside everything that is measured. */
const PEAK = Number(process.env["PEAK"] ?? 200);
/** A minute of the trace takes this long. */
const ROW_MS = Number(process.env["ROW_MS"] ?? 6_000);
const SLOW_MS = 1_000;
/** The default of two minutes, compressed as the trace is. */
const HOLD_MS = Math.round((120_000 * ROW_MS) / 60_000);

export async function run(): Promise<object> {
  const rows = rescale(readSpikeOfMay(), PEAK);
  const replay = await replayTrace({
    rows,
    rowMs: ROW_MS,
    onset: SPIKE_ONSET,
    requestMs: 100,
    startMs: 0,
    web: `machines: 1..8, scale: { in_flight: 4, hold: ${HOLD_MS}ms }`,
    onLine: (line) => process.stderr.write(`${line}\n`),
  });
  const { latenciesMs, machinesMax, durationMs } = replay;
  const held = (machinesMax * durationMs) / 1000;
  return {
    bench: "trace",
    trace: "wc98 1998-05-12 06:30 to 06:50",
    compressed: 60_000 / ROW_MS,
    peakPerSecond: PEAK,
    requests: replay.requests,
    failed: replay.failed,
    failures: replay.failures,
    slow: latenciesMs.filter((ms) => ms > SLOW_MS).length,
    p50Ms: Number(percentile(latenciesMs, 0.5).toFixed(1)),
    p99Ms: Number(percentile(latenciesMs, 0.99).toFixed(1)),
    inFlightMax: replay.inFlightMax,
    senderLateMsMax: Number(replay.lateMsMax.toFixed(1)),
    answerSeconds: replay.answerSeconds,
    machinesMax,
    machinesOverTime: changes(replay.machines),
    machineSeconds: Math.round(replay.machineSeconds),
    machineSecondsHeldAtPeak: Math.round(held),
    machineSecondsShare: Number((replay.machineSeconds / held).toFixed(2)),
    ...machine(),
  };
}

/** Seconds and count, where the count changes. */
function changes(counts: readonly MachineCount[]): readonly (readonly [number, number])[] {
  return counts
    .filter((count, at) => count.machines !== counts[at - 1]?.machines)
    .map(({ atMs, machines }) => [Number((atMs / 1000).toFixed(1)), machines]);
}
