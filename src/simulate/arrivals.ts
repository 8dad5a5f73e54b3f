import { assert } from "../core/assert.ts";
import { bucketS } from "./history.ts";
import { createRandom, drawNormal } from "./random.ts";
import type { Trace } from "./trace.ts";

/** What a window of a trace sends to the site. */
export interface Arrivals {
  /** Seconds since the epoch. */
  readonly startS: number;
  /** Expected requests of each second. */
  readonly rates: Float64Array;
  /** What the trace says of the time before the window. */
  readonly past: FiveMinutes;
}

/** Mean rates of consecutive five minutes. */
export interface FiveMinutes {
  /** A multiple of 300. */
  readonly startS: number;
  readonly rates: Float64Array;
}

export interface ArrivalWish {
  readonly fromS: number;
  readonly toS: number;
  /** The trace's rates are multiplied by it. */
  readonly scale: number;
  readonly seed: number;
  /** Deviation of the rate from the trace, as a share of it. */
  readonly noiseCv?: number;
  /** How long a deviation lasts. */
  readonly noiseS?: number;
}

/** Traces of coarser steps say nothing about the way from one to the next: it takes this long. */
const rampS = 60;
/** Noise never takes more than this share of the rate away. */
const noiseFloor = 0.2;
/** Often enough for a mean over five minutes of what changes no faster than `rampS`. */
const pastEveryS = 10;

/** The rate of each second of [fromS, toS), with seeded noise that has a short memory. */
export function createArrivals(trace: Trace, wish: ArrivalWish): Arrivals {
  const { fromS, toS, scale, seed, noiseCv = 0.1, noiseS = 10 } = wish;
  assert(Number.isInteger(fromS) && Number.isInteger(toS) && toS > fromS, "the window is empty");
  const rates = new Float64Array(toS - fromS);
  const random = createRandom(seed * 7919 + 13);
  const memory = Math.exp(-1 / noiseS);
  const deviation = noiseCv * Math.sqrt(1 - memory * memory);
  let noise = 0;
  for (let i = 0; i < rates.length; i += 1) {
    noise = memory * noise + deviation * drawNormal(random);
    rates[i] = rateAt(trace, fromS + i) * scale * Math.max(noiseFloor, 1 + noise);
  }
  return { startS: fromS, rates, past: pastOf(trace, fromS, scale) };
}

/** Between the rows of the trace; before its beginning and after its end the nearest row counts. */
export function rateAt(trace: Trace, second: number): number {
  const { startS, stepS, rates } = trace;
  const place = (second - startS) / stepS;
  const index = Math.max(0, Math.min(rates.length - 1, Math.floor(place)));
  const here = rates[index] ?? 0;
  const next = rates[Math.min(index + 1, rates.length - 1)] ?? 0;
  const passed = Math.max(0, place - index);
  if (passed >= 1) return here;
  if (stepS <= rampS) return here * (1 - passed) + next * passed;
  const leftS = startS + (index + 1) * stepS - second;
  return leftS >= rampS ? here : next + (here - next) * (leftS / rampS);
}

function pastOf(trace: Trace, endS: number, scale: number): FiveMinutes {
  const startS = Math.ceil(trace.startS / bucketS) * bucketS;
  const rates = new Float64Array(Math.max(0, Math.floor((endS - startS) / bucketS)));
  for (let i = 0; i < rates.length; i += 1) {
    let sum = 0;
    for (let s = 0; s < bucketS; s += pastEveryS) sum += rateAt(trace, startS + i * bucketS + s);
    rates[i] = (sum * scale * pastEveryS) / bucketS;
  }
  return { startS, rates };
}
