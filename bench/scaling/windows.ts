import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createArrivals } from "../../src/simulate/arrivals.ts";
import type { Model, Scenario } from "../../src/simulate/model.ts";
import { parseTrace } from "../../src/simulate/trace.ts";
import type { Trace } from "../../src/simulate/trace.ts";
import { parseTimestamp } from "../../src/simulate/timestamp.ts";

/** Some days of a trace. */
export interface Window {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly days: number;
}

/** Those of the published table. */
const published: readonly Window[] = [
  { name: "wc98-june", file: "wc98-june.csv", from: "1998-06-24T00:00:00Z", days: 4 },
  { name: "nasa", file: "nasa-jul95.csv", from: "1995-07-11T00:00:00Z", days: 4 },
  { name: "frontpage", file: "synth-frontpage.csv", from: "2024-01-08T00:00:00Z", days: 3 },
  { name: "wc98-may", file: "wc98-may.csv", from: "1998-05-11T00:00:00Z", days: 4 },
  { name: "elb", file: "nab-elb.csv", from: "2014-04-20T00:00:00Z", days: 4 },
  { name: "tweets", file: "nab-tweets-aapl.csv", from: "2015-03-30T00:00:00Z", days: 4 },
];

/** Others of the same files, on which nothing was chosen. `nab-elb` has six days only: two of these are in both. */
const keptAside: readonly Window[] = [
  { name: "wc98-june-13", file: "wc98-june.csv", from: "1998-06-13T00:00:00Z", days: 4 },
  { name: "wc98-june-18", file: "wc98-june.csv", from: "1998-06-18T00:00:00Z", days: 4 },
  { name: "wc98-may-05", file: "wc98-may.csv", from: "1998-05-05T00:00:00Z", days: 4 },
  { name: "nasa-04", file: "nasa-jul95.csv", from: "1995-07-04T00:00:00Z", days: 4 },
  { name: "tweets-18", file: "nab-tweets-aapl.csv", from: "2015-03-18T00:00:00Z", days: 4 },
  { name: "tweets-23", file: "nab-tweets-aapl.csv", from: "2015-03-23T00:00:00Z", days: 4 },
  { name: "elb-18", file: "nab-elb.csv", from: "2014-04-18T00:05:00Z", days: 4 },
  { name: "frontpage-03", file: "synth-frontpage.csv", from: "2024-01-03T00:00:00Z", days: 4 },
];

export const windowSets: Readonly<Record<string, readonly Window[]>> = {
  published,
  "kept-aside": keptAside,
};

const dayS = 86_400;
/** Each trace is scaled so that its busiest thousandth needs this many machines … */
const peakMachines = 20;
/** … at this utilisation. */
const peakUtilisation = 0.7;
const samples = fileURLToPath(new URL("../../src/simulate/samples/", import.meta.url));

/** Null where the file is in neither place. */
export function readWindow({ file }: Window, directory: string | null): Trace | null {
  const path = [directory, samples]
    .filter((place) => place !== null)
    .map((place) => `${place}/${file}`)
    .find((place) => existsSync(place));
  if (path === undefined) return null;
  const parsed = parseTrace(readFileSync(path, "utf8"));
  if (parsed.kind === "trace") return parsed.trace;
  throw new Error(`Cannot read ${path}: ${JSON.stringify(parsed.issues)}`);
}

export function scenarioOf(window: Window, trace: Trace, model: Model, seed: number): Scenario {
  const fromS = parseTimestamp(window.from) ?? trace.startS;
  const toS = fromS + window.days * dayS;
  const begin = Math.max(0, Math.ceil((fromS - trace.startS) / trace.stepS));
  const end = Math.ceil((toS - trace.startS) / trace.stepS);
  const sorted = trace.rates.slice(begin, end).sort();
  const peak = sorted[Math.min(sorted.length - 1, Math.floor(0.999 * sorted.length))] ?? 1;
  const scale = (peakMachines * (model.slots / model.serviceS) * peakUtilisation) / peak;
  return {
    arrivals: createArrivals(trace, { fromS, toS, scale, seed }),
    model,
    seed: seed + 4,
    startMachines: null,
  };
}
