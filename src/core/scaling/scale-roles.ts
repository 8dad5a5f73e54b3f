import type { Action, Hold, StepResult } from "../action.ts";
import type { Roster } from "../roster.ts";
import { decideScaling } from "./decide.ts";

/** Sets each role's target from its load, within the bounds of the site file. */
export function scaleRoles(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  if (roster.state.settings.phase === "down") return { actions, holds };
  for (const { name, role, record, min, max, target, targetReason } of roster.roles) {
    if (role === null) continue;
    const samples = roster.observed.load.get(name) ?? [];
    const load = { min, max, target, targetAt: record.targetAt, pin: record.pin, samples };
    const decision = decideScaling(role.scaling, load, roster.now);
    if (decision.kind === "hold") {
      holds.push({ subject: name, reason: decision.reason });
      // The site file's bounds may have moved under a target on record.
      if (target === record.target) continue;
    }
    const machines = decision.kind === "resize" ? decision.machines : target;
    const reason = decision.kind === "resize" ? decision.reason : targetReason;
    const resized = { ...record, target: machines, targetReason: reason, targetAt: roster.now };
    actions.push({
      kind: "scale",
      subject: name,
      reason: `${record.target} → ${machines}: ${reason}`,
      changes: [{ kind: "role", role: resized }],
      effect: null,
    });
  }
  return { actions, holds };
}
