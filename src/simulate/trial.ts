import type { ScalingSettings } from "../core/desired.ts";
import { policyFor } from "../core/scaling/role-policy.ts";
import type { DecisionStep } from "../core/scaling/rules/reasons.ts";
import { createStatic } from "./baselines/static.ts";
import { causeOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { createDecided } from "./decided.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import type { Scenario } from "./model.ts";
import { isLookingAhead } from "./metrics.ts";
import { findClairvoyant } from "./oracle.ts";
import { pictureOf } from "./picture.ts";
import type { Picture } from "./picture.ts";
import type { BadMinute, Result } from "./result.ts";
import { rivals } from "./rivals.ts";
import type { RivalName } from "./rivals.ts";
import { findStaticPeak } from "./static-peak.ts";

/** Who scales: plain data, so that another thread can do it. */
export type Contender =
  | { readonly kind: "rules"; readonly name: string; readonly settings: ScalingSettings }
  | { readonly kind: "rival"; readonly name: RivalName }
  | { readonly kind: "static_peak" }
  | { readonly kind: "clairvoyant" };

export interface TrialWish {
  readonly scenario: Scenario;
  readonly contender: Contender;
  /** Request by request. */
  readonly isExact: boolean;
  /** What a machine costs in an hour; null: not known. */
  readonly machineHour: number | null;
}

/** What became of it. */
export interface Outcome {
  readonly requests: number;
  /** Shares of the requests: answered late or never; never; those that had to wait, be it for a millisecond. */
  readonly slow: number;
  readonly failed: number;
  readonly queued: number;
  readonly machineHours: number;
  readonly machinesMax: number;
  /** How often a day a move was undone within ten minutes. */
  readonly turnsPerDay: number;
  readonly picture: Picture;
  /** The worst first, at most ten. */
  readonly worstMinutes: readonly JudgedMinute[];
}

export interface JudgedMinute extends BadMinute {
  readonly cause: Cause;
}

const dayS = 86_400;

/** Lets somebody scale a pool through a window. */
export function runTrial(wish: TrialWish): Outcome {
  const { scenario } = wish;
  const { result, isForecasting, heldBack } = play(wish);
  const { model, arrivals } = scenario;
  const { requests, slow, failed, queued } = result;
  const share = (count: number): number => (requests > 0 ? count / requests : 0);
  const trial = { result, model, past: arrivals.past, isForecasting, heldBack };
  return {
    requests,
    slow: share(slow + failed),
    failed: share(failed),
    queued: share(queued),
    machineHours: result.machineSeconds / 3_600,
    machinesMax: result.desired.reduce((most, machines) => Math.max(most, machines), 0),
    turnsPerDay: result.directionChanges / (arrivals.rates.length / dayS),
    picture: pictureOf(result),
    worstMinutes: result.worstMinutes.map((minute) => ({
      ...minute,
      cause: causeOf(minute, trial),
    })),
  };
}

interface Played {
  readonly result: Result;
  readonly isForecasting: boolean;
  readonly heldBack: (second: number) => DecisionStep | null;
}

function play({ scenario, contender, isExact, machineHour }: TrialWish): Played {
  const run = isExact ? runExact : runFluid;
  const plain = (result: Result): Played => ({
    result,
    isForecasting: false,
    heldBack: () => null,
  });
  switch (contender.kind) {
    case "rival":
      return plain(run(scenario, rivals[contender.name]()));
    case "static_peak": {
      const { machines, result } = findStaticPeak(scenario);
      if (!isExact) return plain(result);
      return plain(runExact({ ...scenario, startMachines: machines }, createStatic(machines)));
    }
    case "clairvoyant": {
      const found = findClairvoyant(scenario);
      return plain(isExact ? runExact(found.scenario, found.createPolicy()) : found.result);
    }
    case "rules": {
      const { name, settings } = contender;
      const { arrivals, model } = scenario;
      const policy = policyFor({ scaling: settings }, { min: model.min, max: model.max });
      const { startS, rates } = arrivals;
      const decided = createDecided({ name, policy, startS, lengthS: rates.length, machineHour });
      const isForecasting = policy.aim !== null || isLookingAhead(policy.rules);
      return {
        result: run(scenario, decided),
        isForecasting,
        heldBack: (second) => decided.heldBack(second),
      };
    }
  }
}
