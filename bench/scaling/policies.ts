import { createHpa } from "../../src/simulate/baselines/hpa.ts";
import { createKpa } from "../../src/simulate/baselines/kpa.ts";
import { createMonit } from "../../src/simulate/baselines/monit.ts";
import { createPredictive } from "../../src/simulate/baselines/predictive.ts";
import { createSchedule } from "../../src/simulate/baselines/schedule.ts";
import { createStepScaling } from "../../src/simulate/baselines/step-scaling.ts";
import { createTargetTracking } from "../../src/simulate/baselines/target-tracking.ts";
import { createThresholds } from "../../src/simulate/baselines/thresholds.ts";
import { usualTuning } from "../../src/core/scaling/aim/tuning.ts";
import { createAim } from "../../src/simulate/aim.ts";
import { usualModel } from "../../src/simulate/model.ts";
import type { Policy } from "../../src/simulate/policy.ts";

/** What the others are held against; each run takes a new one. */
export const rivals: Readonly<Record<string, () => Policy>> = {
  schedule: createSchedule,
  monit: createMonit,
  thresholds: createThresholds,
  "asg-steps": createStepScaling,
  "asg-50": () => createTargetTracking({ target: 0.5 }),
  "asg-50-10s": () => createTargetTracking({ target: 0.5, periodS: 10, lagS: 10, lowFigures: 90 }),
  "asg-requests-70": () => createTargetTracking({ target: 0.7, metric: "requests" }),
  "asg-50-predictive": () => createPredictive({ target: 0.5 }),
  "gce-60": () => createHpa({ target: 0.6, stabilizationS: 600, windowS: 60, ageS: 30 }),
  "hpa-80": () => createHpa({ target: 0.8 }),
  "hpa-65": () => createHpa({ target: 0.65 }),
  "hpa-50": () => createHpa({ target: 0.5 }),
  "hpa-65-15min": () => createHpa({ target: 0.65, stabilizationS: 900 }),
  kpa: () => createKpa(),
  "kpa-300s": () => createKpa({ scaleDownDelayS: 300 }),
  "kpa-600s": () => createKpa({ scaleDownDelayS: 600 }),
};

/** Room beyond the expected load: more of it costs more and makes fewer requests slow. */
export const margins = [-0.1, -0.05, 0, usualTuning.margin, 0.1, 0.2, 0.35, 0.5, 0.9];

export function createOurs(margin: number = usualTuning.margin): Policy {
  const marginMax = Math.max(usualTuning.marginMax, margin + usualTuning.marginMax);
  const isUsual = margin === usualTuning.margin;
  return createAim(usualModel, isUsual ? usualTuning : { ...usualTuning, margin, marginMax });
}
