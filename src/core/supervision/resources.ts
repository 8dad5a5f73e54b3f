import type { Instant } from "../instant.ts";
import type { SupervisionRules } from "./rules.ts";
import type { Supervised, SupervisionInput } from "./supervised.ts";

const samplesMax = 5;
const memorySamplesAboveMax = 3;

/** Takes one sample: above its limit in 3 of 5 (memory) or 5 in a row (CPU), the process should be replaced. */
export function sampleResources(
  rules: SupervisionRules,
  state: Supervised,
  usage: NonNullable<SupervisionInput["usage"]>,
): Supervised {
  const { memoryBytesMax, cpuMax } = rules.supervision;
  // Starting costs CPU in every program, so only memory counts before the first health.
  const isCpuCounted = cpuMax !== null && state.phase !== "starting";
  return {
    ...state,
    memoryAbove: append(
      state.memoryAbove,
      memoryBytesMax !== null && usage.memoryBytes > memoryBytesMax,
    ),
    cpuAbove: append(state.cpuAbove, isCpuCounted && usage.cpu > cpuMax),
  };
}

/** Keeps the wish and its age while the cause lasts, and drops it with the cause. */
export function judge(rules: SupervisionRules, state: Supervised, now: Instant): Supervised {
  const reason =
    memoryReason(rules, state) ?? cpuReason(rules, state) ?? healthReason(rules, state, now);
  if (reason === null) return state.wanted === null ? state : { ...state, wanted: null };
  return { ...state, wanted: { reason, since: state.wanted?.since ?? now } };
}

function memoryReason(rules: SupervisionRules, state: Supervised): string | null {
  const count = state.memoryAbove.filter(Boolean).length;
  const limit = rules.supervision.memoryBytesMax;
  if (limit === null || count < memorySamplesAboveMax) return null;
  return `Its memory was above ${limit} bytes in ${memorySamplesAboveMax} of ${samplesMax} samples`;
}

function cpuReason(rules: SupervisionRules, state: Supervised): string | null {
  const limit = rules.supervision.cpuMax;
  const isAbove = state.cpuAbove.length === samplesMax && state.cpuAbove.every(Boolean);
  if (limit === null || !isAbove) return null;
  return `Its CPU was above ${limit} of a core in ${samplesMax} samples in a row`;
}

function healthReason(rules: SupervisionRules, state: Supervised, now: Instant): string | null {
  const hasFailedLong =
    state.phase === "unhealthy" && now - state.since >= rules.limits.unhealthyMs;
  return hasFailedLong
    ? `Its checks have failed for too long: ${state.problem ?? "no answer"}`
    : null;
}

function append(samples: readonly boolean[], sample: boolean): readonly boolean[] {
  return [...samples, sample].slice(-samplesMax);
}
