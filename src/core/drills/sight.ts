import type { InventoryState } from "../inventory.ts";
import { isMachineServing } from "../roster.ts";
import type { Roster } from "../roster.ts";
import type { DrillRecord } from "./record.ts";

/** There is never more than one. */
export function runningDrill(state: InventoryState): DrillRecord | null {
  for (const drill of state.drills.values()) if (drill.state === "running") return drill;
  return null;
}

/** The first thing that keeps the site from being as it should be; null when it is whole. */
export function whatIsMissing(roster: Roster): string | null {
  if (roster.observed.provider === null) return "the provider has not answered yet";
  for (const role of roster.roles) {
    const machines = roster.machinesOf(role.name);
    const troubled = machines.find((machine) => !isMachineServing(roster, machine));
    if (troubled !== undefined) return `${troubled.name} does not serve`;
    if (machines.length !== role.target) {
      return `${role.name} has ${machines.length} of ${role.target} machines`;
    }
  }
  return null;
}

/** Which process the balancer of this machine is: another one after it died. */
export function balancerProcess(roster: Roster, machine: string | null): string | null {
  const seen = roster.sight.balancers.find((it) => it.machine === machine)?.report;
  return seen?.isServing === true ? `${seen.pid} ${seen.totals.epoch}` : null;
}

/** The servers' numbers below which a drill wants another in their place; null: no drill does. */
export function restartBelow(state: InventoryState, role: string): number | null {
  const drill = runningDrill(state);
  return drill?.kind === "deploy" && drill.role === role ? drill.before.nextServerId : null;
}
