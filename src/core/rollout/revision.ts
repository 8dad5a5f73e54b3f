import type { DeployChange } from "../inventory.ts";
import { isServing } from "../roster.ts";
import type { Roster } from "../roster.ts";

/**
 * The revision a new server of the role gets: what is deployed, or, while a deploy runs, the new one once it
 * has proven itself on a machine. Null before the first deploy.
 */
export function revisionForNew(roster: Roster, role: string): string | null {
  const change = changeOf(roster, role);
  if (change === null) return roster.state.roles.get(role)?.revision ?? null;
  if (change.from === null) return mayStart(change) ? change.to : null;
  if (roster.activeDeploy?.state === "reverting") return change.from;
  return isProven(roster, change) ? change.to : change.from;
}

/** The revision every server of the role should have when all is done. */
export function revisionWanted(roster: Roster, role: string): string | null {
  const change = changeOf(roster, role);
  if (change === null) return roster.state.roles.get(role)?.revision ?? null;
  return roster.activeDeploy?.state === "reverting" ? change.from : change.to;
}

export function changeOf(roster: Roster, role: string): DeployChange | null {
  return roster.activeDeploy?.changes.find((change) => change.role === role) ?? null;
}

/** Nothing of a release runs before its hook has ended well. */
function mayStart(change: DeployChange): boolean {
  return change.before.state === "none" || change.before.state === "done";
}

function isProven(roster: Roster, change: DeployChange): boolean {
  return roster
    .machinesOf(change.role)
    .some((machine) =>
      roster
        .serversOn(machine.name)
        .some((server) => server.revision === change.to && isServing(roster, server)),
    );
}
