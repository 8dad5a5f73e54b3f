import type { Instant } from "../instant.ts";
import type { DeployChange, DeployRecord, MachineRecord, ServerRecord } from "../inventory.ts";
import type { Roster } from "../roster.ts";

/** What an agent, its balancer and their connections may take beyond the times that the site file gives. */
const MARGIN_MS = 30_000;

/**
 * A machine has not moved for longer than all that a deploy may take there. Reckoned from the record and by the
 * controller's clock alone: whatever its agent says, or leaves unsaid, nobody waits for it longer than this.
 */
export function isOverdue(
  roster: Roster,
  deploy: DeployRecord,
  change: DeployChange,
  machine: MachineRecord,
): boolean {
  // One that boots is the provider's, and is replaced when it does not call home.
  if (machine.calledHomeAt === null) return false;
  return roster.now - movedAt(roster, deploy, change, machine) > patienceMs(roster, change);
}

/**
 * By the controller's clock the process must have ended by now: who says that it still runs would keep a machine,
 * and what waits for it, for ever. What runs on no record is ended by any agent that does its work.
 */
export function shouldHaveEnded(roster: Roster, server: ServerRecord): boolean {
  const stopMs =
    roster.state.revisions.get(server.revision)?.supervision.stopTimeoutMs ??
    stopTimeoutOf(roster, server.role);
  const since = Math.max(server.stateAt, roster.observed.watchingSince);
  return roster.now - since > stopMs + MARGIN_MS;
}

/** Its own agent ends a task in time; one that does not say so is not waited for. */
export function isTaskOverdue(roster: Roster, startedAt: Instant, timeoutMs: number): boolean {
  const since = Math.max(startedAt, roster.observed.watchingSince);
  return roster.now - since > timeoutMs + MARGIN_MS;
}

/** When the role last moved by anything but this machine's own word. */
function movedAt(
  roster: Roster,
  deploy: DeployRecord,
  change: DeployChange,
  own: MachineRecord,
): Instant {
  let last = Math.max(deploy.startedAt, own.calledHomeAt ?? 0, roster.observed.watchingSince);
  for (const machine of roster.machinesOf(change.role)) {
    for (const server of roster.serversOn(machine.name)) {
      // An agent makes its own server join again and again by reporting other ports; leaving it cannot repeat.
      const isOnItsWord = machine.name === own.name && server.state === "ready";
      last = Math.max(last, isOnItsWord ? server.createdAt : server.stateAt);
    }
  }
  return last;
}

function patienceMs(roster: Roster, { role, settings }: DeployChange): number {
  const drainMs = roleOf(roster, role)?.traffic.drainMs ?? 0;
  const changeMs = 2 * settings.timeoutMs + settings.settleMs;
  return changeMs + drainMs + stopTimeoutOf(roster, role) + MARGIN_MS;
}

function stopTimeoutOf(roster: Roster, role: string): number {
  return roleOf(roster, role)?.supervision.stopTimeoutMs ?? 0;
}

function roleOf(roster: Roster, name: string) {
  return roster.roles.find((role) => role.name === name)?.role ?? null;
}
