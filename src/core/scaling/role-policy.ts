import type { Role } from "../desired.ts";
import { aimPolicy } from "./aim-policy.ts";
import type { ScalingPolicy } from "./policy.ts";
import type { Rules } from "./rules/rules.ts";

/** What a role scales by: its rules, or the aim where the site file says nothing. */
export function policyFor(
  { scaling }: Pick<Role, "scaling">,
  bounds: ScalingPolicy["bounds"],
): ScalingPolicy {
  const holdS = scaling.holdMs / 1_000;
  const rules = scaling.rules ?? usualRules(holdS);
  const { aim, limits } = rules;
  if (aim === null) return { rules, bounds, aim };
  return { rules, bounds, aim: aimPolicy(bounds, limits.holdS, aim.room) };
}

/** Requests that one machine of the role works on at the same time. */
export function slotsOf({ traffic, instances, scaling }: Role): number {
  return traffic.limit === null ? scaling.inFlightPerMachine : traffic.limit * instances;
}

function usualRules(holdS: number): Rules {
  return {
    mode: "on",
    aim: { slowS: 1, shareMax: 0.001, worth: null },
    targets: [],
    when: [],
    schedule: [],
    zones: {},
    limits: { holdS, up: null, down: null, cooldownUpS: 0, cooldownDownS: 0, launches: null },
    spend: null,
    olderS: 30,
    metrics: [],
  };
}
