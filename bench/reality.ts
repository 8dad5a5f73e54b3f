/** The same traffic on real machines behind real HAProxy and in the simulator: do both tell the same story? */
import { replayTrace } from "../test/harness/replay.ts";
import type { Replay } from "../test/harness/replay.ts";
import { usualTuning } from "../src/core/scaling/aim/tuning.ts";
import { createAim } from "../src/simulate/aim.ts";
import type { Arrivals } from "../src/simulate/arrivals.ts";
import { runExact } from "../src/simulate/exact.ts";
import type { Model } from "../src/simulate/model.ts";
import { badShare } from "../src/simulate/result.ts";
import { machine } from "./report.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 2);
const SIMULATIONS = 20;
const SLOTS = 2;
const REQUEST_MS = 200;
const SLOW_MS = 1_000;
/** So long that the second in which the simulator looks matters little beside it. */
const START_MS = 8_000;
const HOLD_S = 45;
const bounds = { min: 2, max: 12 };

/** Seconds, and requests a second from then on: crowds that come within a second, and go. */
const story: readonly (readonly [number, number])[] = [
  [0, 6],
  [60, 30],
  [110, 8],
  [190, 34],
  [230, 8],
  [310, 32],
  [350, 10],
];
const lengthS = 390;

export async function run(): Promise<object> {
  const rounds: object[] = [];
  const real = { slow: 0, requests: 0, machineSeconds: 0 };
  const simulated = { slow: 0, machineSeconds: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const replay = await replayStory();
    const slow = replay.latenciesMs.filter((ms) => ms > SLOW_MS).length;
    const bootS = bootSecondsOf(replay);
    const expected = simulate(bootS);
    const figures = {
      requests: replay.requests,
      slow,
      bootS,
      machineSeconds: replay.machineSeconds,
    };
    rounds.push({ ...figures, failed: replay.failed, expected });
    process.stderr.write(`${JSON.stringify(rounds.at(-1))}\n`);
    real.slow += slow;
    real.requests += replay.requests;
    real.machineSeconds += replay.machineSeconds;
    simulated.slow += expected.slowShare * replay.requests;
    simulated.machineSeconds += expected.machineSeconds;
  }
  return {
    bench: "reality",
    rounds,
    slowPercent: round(100 * (real.slow / real.requests)),
    simulatedSlowPercent: round(100 * (simulated.slow / real.requests)),
    slowRatio: round(simulated.slow / real.slow),
    machineHoursRatio: round(simulated.machineSeconds / real.machineSeconds),
    ...machine(),
  };
}

function replayStory(): Promise<Replay> {
  const limit = `limit: { connections: ${SLOTS}, queue_timeout: 10s }`;
  return replayTrace({
    rows: ratesBySecond().map((requestsPerSecond, second) => ({
      timestamp: String(second),
      requestsPerSecond,
    })),
    rowMs: 1_000,
    onset: null,
    requestMs: REQUEST_MS,
    startMs: START_MS,
    web: `machines: ${bounds.min}..${bounds.max}, ${limit}, scale: { hold: ${HOLD_S}s }`,
    onLine: (line) => process.stderr.write(`${line}\n`),
  });
}

function ratesBySecond(): readonly number[] {
  return Array.from(
    { length: lengthS },
    (_, second) => story.findLast(([at]) => at <= second)?.[1] ?? 0,
  );
}

/** From a machine's first sight to the first one more that serves, the mean over the run. */
function bootSecondsOf({ machines }: Replay): number {
  let waitedS = 0;
  let booted = 0;
  machines.forEach(({ atMs, machines: there, serving, leaving }, index) => {
    const last = machines[index - 1];
    if (last === undefined) return;
    waitedS += ((there - serving - leaving) * (atMs - last.atMs)) / 1_000;
    booted += Math.max(0, serving - last.serving);
  });
  return booted === 0 ? 1 : round(waitedS / booted);
}

/** The simulator sees a second when it is over; the balancer tells of a crowd at once, half a second earlier on average. */
const SEEN_LATER_S = 0.5;

function simulate(bootS: number): { readonly slowShare: number; readonly machineSeconds: number } {
  const model: Model = {
    slots: SLOTS,
    serviceS: REQUEST_MS / 1_000 + 0.003,
    serviceCv: 0.02,
    slowS: SLOW_MS / 1_000,
    queueTimeoutS: 10,
    bootS: bootS - SEEN_LATER_S,
    bootJitter: 0.2,
    coldFactor: 0,
    coldS: 0,
    minimumBillS: 0,
    ...bounds,
  };
  const startS = 1_800_000_000;
  const past = { startS, rates: new Float64Array(0) };
  const arrivals: Arrivals = { startS, rates: Float64Array.from(ratesBySecond()), past };
  const tuning = { ...usualTuning, holdS: HOLD_S, quietS: HOLD_S };
  let slowShare = 0;
  let machineSeconds = 0;
  for (let seed = 1; seed <= SIMULATIONS; seed += 1) {
    const scenario = { arrivals, model, seed, startMachines: bounds.min };
    const result = runExact(scenario, { ...createAim(bounds, tuning), tickS: 1 });
    slowShare += badShare(result) / SIMULATIONS;
    machineSeconds += result.machineSeconds / SIMULATIONS;
  }
  return { slowShare, machineSeconds };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
