import type { Action, Hold, Plan, StepResult } from "./action.ts";
import { applyChanges } from "./changes.ts";
import { endRentals } from "./cost/end-rentals.ts";
import { tellSpending } from "./cost/tell-spending.ts";
import type { Instant } from "./instant.ts";
import { noteServing } from "./machines/boot-times.ts";
import { fillRoles, retireDrained, shrinkRoles } from "./machines/capacity.ts";
import { limitMachines } from "./machines/limits.ts";
import {
  confirmMachines,
  forgetGoneMachines,
  launchAgain,
  removeOrphans,
  terminateAgain,
} from "./machines/lifecycle.ts";
import type { Observed } from "./observed.ts";
import { followOneOffs } from "./one-offs/follow.ts";
import { advanceDeploy } from "./rollout/deploy.ts";
import { pruneReleases } from "./rollout/prune.ts";
import {
  finishLeaving,
  joinServers,
  replaceWorn,
  retireSuperseded,
  startServers,
} from "./rollout/servers.ts";
import { takeRoster, takeSight } from "./roster.ts";
import type { Roster } from "./roster.ts";
import type { Decision } from "./scaling/decision.ts";
import type { DecisionRecord } from "./scaling/decision-record.ts";
import { scaleRoles } from "./scaling/scale-roles.ts";

/** What is to be done about a site, in this order: each step sees what the ones before it have decided. */
const recipe: readonly ((roster: Roster) => StepResult)[] = [
  // What is there?
  forgetGoneMachines,
  removeOrphans,
  endRentals,
  confirmMachines,
  noteServing,
  launchAgain,
  terminateAgain,
  limitMachines,
  // How many should there be?
  tellSpending,
  scaleRoles,
  fillRoles,
  // What should they run?
  joinServers,
  advanceDeploy,
  startServers,
  replaceWorn,
  retireSuperseded,
  followOneOffs,
  // What may leave?
  shrinkRoles,
  finishLeaving,
  retireDrained,
  pruneReleases,
];

/** Decides everything, does nothing: same observation, same plan. */
export function plan(observed: Observed, now: Instant): Plan {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  const decisions = new Map<string, Decision>();
  const records: DecisionRecord[] = [];
  const whole = { actions, holds, decisions, records };
  if (observed.inventory.settings.site === null) return whole;
  const sight = takeSight(observed);
  let roster = takeRoster(observed, observed.inventory, sight, now);
  for (const step of recipe) {
    const result = step(roster);
    holds.push(...result.holds);
    for (const [role, decision] of result.decisions ?? []) decisions.set(role, decision);
    records.push(...(result.records ?? []));
    if (result.actions.length === 0) continue;
    actions.push(...result.actions);
    const changes = result.actions.flatMap((action) => action.changes);
    roster = takeRoster(observed, applyChanges(roster.state, changes), sight, now);
  }
  return whole;
}
