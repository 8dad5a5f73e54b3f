import { createHpa } from "./baselines/hpa.ts";
import { createKpa } from "./baselines/kpa.ts";
import { createStepScaling } from "./baselines/step-scaling.ts";
import { createTargetTracking } from "./baselines/target-tracking.ts";
import type { Policy } from "./policy.ts";

/** Models of others' autoscalers that a site's own scaling is held against. */
export const rivals = {
  "HPA, default (CPU 80 %)": () => createHpa({ target: 0.8 }),
  "HPA, tuned (65 %, 15 min)": () => createHpa({ target: 0.65, stabilizationS: 900 }),
  "Knative KPA": () => createKpa(),
  "ASG target tracking (50 %)": () => createTargetTracking({ target: 0.5 }),
  "ASG step scaling": () => createStepScaling(),
} as const satisfies Readonly<Record<string, () => Policy>>;

export type RivalName = keyof typeof rivals;

export const rivalNames = Object.keys(rivals) as readonly RivalName[];
