import type { Instant } from "../instant.ts";
import { isMachineServing, isServing } from "../roster.ts";
import type { Roster } from "../roster.ts";
import type { DrillRecord, Milestones } from "./record.ts";
import { balancerProcess, whatIsMissing } from "./sight.ts";

/** Who began a drill and does not end it is given up this long after its limit. */
const ABANDONED_MS = 30_000;

/** The drill with what is to be seen of it now; the same one when nothing is new. */
export function advanceDrill(drill: DrillRecord, roster: Roster, epoch: number): DrillRecord {
  const seen = lookFor(drill, roster, epoch);
  const { milestones: before } = drill;
  const at = (known: Instant | null, isSeen: boolean): Instant | null =>
    known ?? (isSeen ? roster.now : null);
  const milestones: Milestones = {
    ...before,
    detectedAt: at(before.detectedAt, seen.isDetected),
    replacedAt: at(before.replacedAt, seen.isReplaced),
    capacityAt: at(before.capacityAt, seen.isWhole),
  };
  const isNew = (Object.keys(milestones) as (keyof Milestones)[]).some(
    (key) => milestones[key] !== before[key],
  );
  return isNew ? { ...drill, milestones } : drill;
}

/** Whether the machine's time without a network is over, or the drill's. */
export function isReconnectDue(drill: DrillRecord, now: Instant): boolean {
  if (drill.kind !== "network" || drill.milestones.reconnectedAt !== null) return false;
  return drill.state !== "running" || now >= drill.startedAt + (drill.cutMs ?? 0);
}

/** Why it cannot go on; null while it can. */
export function reasonToStop(drill: DrillRecord, roster: Roster): string | null {
  if (roster.state.settings.phase === "down") return "the site is taken down";
  const lateMs = roster.now - drill.startedAt - drill.limitMs;
  return lateMs > ABANDONED_MS ? "whoever began it has not ended it" : null;
}

interface Seen {
  readonly isDetected: boolean;
  readonly isReplaced: boolean;
  readonly isWhole: boolean;
}

function lookFor(drill: DrillRecord, roster: Roster, epoch: number): Seen {
  switch (drill.kind) {
    case "machine":
      return lookForMachine(drill, roster);
    case "balancer":
      return lookForBalancer(drill, roster);
    case "controller": {
      const isReplaced = epoch !== drill.before.epoch;
      return { isDetected: false, isReplaced, isWhole: isReplaced && isWhole(roster) };
    }
    case "network":
      return lookForNetwork(drill, roster);
    case "deploy":
      return lookForServers(drill, roster);
  }
}

function isWhole(roster: Roster): boolean {
  return whatIsMissing(roster) === null;
}

function lookForMachine(drill: DrillRecord, roster: Roster): Seen {
  const isDetected = wasNoticed(drill, roster);
  const isReplaced = roster
    .machinesOf(drill.role)
    .some(
      (machine) =>
        !drill.before.machines.includes(machine.name) && isMachineServing(roster, machine),
    );
  return { isDetected, isReplaced, isWhole: isReplaced && isWhole(roster) };
}

function wasNoticed(drill: DrillRecord, roster: Roster): boolean {
  if (drill.milestones.detectedAt !== null) return true;
  const machine = roster.state.machines.get(drill.machine ?? "");
  return machine === undefined || !isMachineServing(roster, machine);
}

function lookForBalancer(drill: DrillRecord, roster: Roster): Seen {
  const process = balancerProcess(roster, drill.machine);
  const isDetected = process !== drill.before.balancerProcess;
  const isReplaced = isDetected && process !== null;
  return { isDetected, isReplaced, isWhole: isReplaced && isWhole(roster) };
}

/** Replaced: as many serve as before, by whomever. Whole: and the one that was away has done no harm by coming back. */
function lookForNetwork(drill: DrillRecord, roster: Roster): Seen {
  const isDetected = wasNoticed(drill, roster);
  const serving = roster.machinesOf(drill.role).filter((it) => isMachineServing(roster, it));
  const isReplaced = isDetected && serving.length >= drill.before.serving;
  const isBack = drill.milestones.reconnectedAt !== null;
  return { isDetected, isReplaced, isWhole: isBack && isWhole(roster) };
}

function lookForServers(drill: DrillRecord, roster: Roster): Seen {
  const servers = roster.machinesOf(drill.role).flatMap(({ name }) => roster.serversOn(name));
  const isNew = ({ id }: { readonly id: number }): boolean => id >= drill.before.nextServerId;
  const isReplaced = servers.some((server) => isNew(server) && isServing(roster, server));
  const isOver = servers.every((server) => isNew(server) && isServing(roster, server));
  return { isDetected: false, isReplaced, isWhole: isReplaced && isOver && isWhole(roster) };
}
