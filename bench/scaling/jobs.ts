import { findClairvoyant } from "../../src/simulate/oracle.ts";
import { runExact } from "../../src/simulate/exact.ts";
import { runFluid } from "../../src/simulate/fluid.ts";
import { usualModel } from "../../src/simulate/model.ts";
import { badShare } from "../../src/simulate/result.ts";
import type { Result } from "../../src/simulate/result.ts";
import { findStaticPeak } from "../../src/simulate/static-peak.ts";
import { createOurs, margins, rivals } from "./policies.ts";
import { readWindow, scenarioOf } from "./windows.ts";
import type { Window } from "./windows.ts";

/** One window with one seed: small enough to be shared out. */
export interface Job {
  readonly window: Window;
  readonly directory: string | null;
  readonly seed: number;
  readonly bootS: number;
  readonly isExact: boolean;
  /** Ours with other margins, too. */
  readonly isSweep: boolean;
}

/** What became of a policy in a window. */
export interface Outcome {
  readonly policy: string;
  readonly window: string;
  readonly seed: number;
  /** Share of the requests that were slow or failed. */
  readonly bad: number;
  readonly machineHours: number;
  readonly directionChangesPerDay: number;
}

const daySeconds = 86_400;

export function runJob(job: Job): readonly Outcome[] {
  const { window, seed, bootS } = job;
  const trace = readWindow(window, job.directory);
  if (trace === null) throw new Error(`Cannot find the trace ${window.file}`);
  const run = job.isExact ? runExact : runFluid;
  const scenario = scenarioOf(window, trace, { ...usualModel, bootS }, seed);
  const days = scenario.arrivals.rates.length / daySeconds;
  const outcomeOf = (policy: string, result: Result): Outcome => ({
    policy,
    window: window.name,
    seed,
    bad: badShare(result),
    machineHours: result.machineSeconds / 3600,
    directionChangesPerDay: result.directionChanges / days,
  });
  const best = findClairvoyant(scenario);
  const bestResult = job.isExact ? run(best.scenario, best.createPolicy()) : best.result;
  const outcomes = [
    outcomeOf("clairvoyant", bestResult),
    outcomeOf("static-peak", findStaticPeak(scenario).result),
    ...Object.entries(rivals).map(([name, create]) => outcomeOf(name, run(scenario, create()))),
    outcomeOf("ours", run(scenario, createOurs())),
  ];
  if (!job.isSweep) return outcomes;
  const sweep = margins.map((margin) =>
    outcomeOf(`ours:${margin}`, run(scenario, createOurs(margin))),
  );
  return [...outcomes, ...sweep];
}
