import type { Action, Hold, StepResult } from "../action.ts";
import type { Change, MachineRecord } from "../inventory.ts";
import { typeOf } from "../cost/prices.ts";
import type { DesiredRole } from "../roles.ts";
import type { ProcessState } from "../report.ts";
import { carriesRequests, isMachineServing, processOf } from "../roster.ts";
import type { Roster } from "../roster.ts";
import { serversGone } from "./lifecycle.ts";

/** Launches of one role that may be under way at once: a provider that fails must not be asked without end. */
const LAUNCHES_MAX = 50;

/** Launches what a role is short of. Machines that leave, or are marked to leave, are no capacity. */
export function fillRoles(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  for (const role of roster.roles) {
    const machines = roster.machinesOf(role.name);
    const missing = role.target - machines.filter(isCapacity).length;
    if (missing <= 0) continue;
    const booting = machines.filter((machine) => machine.state === "launching").length;
    const launches = Math.min(missing, LAUNCHES_MAX - booting);
    if (launches <= 0) {
      holds.push({ subject: role.name, reason: `${booting} launches are under way already` });
      continue;
    }
    actions.push(...launchMachines(roster, role, launches));
  }
  return { actions, holds };
}

/** Drains what a role has too many of, and what was marked to leave, as far as the rest carries on. */
export function shrinkRoles(roster: Roster): StepResult {
  const results = roster.roles.map((role) =>
    roster.state.settings.phase === "down" ? giveUpAll(roster, role) : shrinkRole(roster, role),
  );
  return {
    actions: results.flatMap((result) => result.actions),
    holds: results.flatMap((result) => result.holds),
  };
}

/** Machines that leave and have nothing left to finish are given back; drained by hand they stay. */
export function retireDrained(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const machine of roster.state.machines.values()) {
    if (machine.state !== "draining" || machine.mark === "drain") continue;
    if (roster.serversOn(machine.name).length > 0) continue;
    actions.push(terminate(roster, machine, machine.reason));
  }
  return { actions, holds: [] };
}

function isCapacity(machine: MachineRecord): boolean {
  const isHere = machine.state === "launching" || machine.state === "running";
  return isHere && machine.mark === null;
}

function launchMachines(roster: Roster, role: DesiredRole, count: number): readonly Action[] {
  const first = role.record.nextMachineNumber;
  return Array.from({ length: count }, (_, offset): Action => {
    const number = first + offset;
    const name = `${role.machinePrefix}-${number}`;
    const reason = launchReason(roster, role);
    const machine: MachineRecord = {
      name,
      role: role.name,
      number,
      provider: roster.state.settings.site?.provider ?? "local",
      type: typeOf(roster.state.settings.site?.prices, role.name),
      state: "launching",
      stateAt: roster.now,
      createdAt: roster.now,
      address: null,
      calledHomeAt: null,
      launchedAt: roster.now,
      servingAt: null,
      reason,
      mark: null,
    };
    const record = {
      ...role.record,
      target: role.target,
      targetReason: role.targetReason,
      nextMachineNumber: number + 1,
    };
    return {
      kind: "launch",
      subject: name,
      reason,
      changes: [
        { kind: "role", role: record },
        { kind: "machine", machine },
      ],
      effect: { kind: "launch", machine: name, role: role.name, number },
    };
  });
}

function launchReason(roster: Roster, role: DesiredRole): string {
  const machines = roster.machinesOf(role.name);
  const capacity = machines.filter(isCapacity).length;
  const replaced = machines.find((machine) => machine.mark !== null);
  if (replaced !== undefined && capacity + 1 >= role.target)
    return `takes over from ${replaced.name}`;
  return `${role.name} has ${capacity} of ${role.target}: ${role.targetReason}`;
}

function shrinkRole(roster: Roster, role: DesiredRole): StepResult {
  const machines = roster.machinesOf(role.name);
  const capacity = machines.filter(isCapacity);
  const serving = machines.filter((machine) => isMachineServing(roster, machine));
  const marked = machines.filter((m) => m.state === "running" && m.mark !== null);
  const surplus = capacity.length - role.target;

  if (surplus > 0 && isDeploying(roster, role)) {
    return { actions: [], holds: [{ subject: role.name, reason: "shrinks after the deploy" }] };
  }
  const victims = surplus > 0 ? chooseVictims(roster, capacity, surplus) : [];
  const leaving = [...victims, ...marked];
  const actions: Action[] = [];
  const holds: Hold[] = [];
  let servingLeft = serving.length;
  for (const machine of leaving) {
    const isServingNow = serving.includes(machine);
    const floor = servingFloor(role, machine);
    if (isServingNow && servingLeft - 1 < floor) {
      holds.push({ subject: machine.name, reason: `leaves when ${floor} others serve` });
      continue;
    }
    if (isServingNow) servingLeft -= 1;
    const reason = leaveReason(role, machine);
    actions.push(
      role.name === "balancer" || !carriesRequests(roster, machine)
        ? terminate(roster, machine, reason)
        : drain(roster, machine, reason),
    );
  }
  return { actions, holds };
}

/** Booting machines first, because they carry nothing; then those in trouble; then the newest. */
function chooseVictims(
  roster: Roster,
  capacity: readonly MachineRecord[],
  count: number,
): readonly MachineRecord[] {
  return capacity
    .map((machine) => ({ machine, rank: victimRank(roster, machine) }))
    .sort((a, b) => a.rank - b.rank || b.machine.number - a.machine.number)
    .slice(0, count)
    .map(({ machine }) => machine);
}

function victimRank(roster: Roster, machine: MachineRecord): number {
  if (machine.calledHomeAt === null) return 0;
  if (isMachineServing(roster, machine)) return 2;
  const processes = roster.serversOn(machine.name).map((server) => processOf(roster, server));
  const isTroubled = processes.some((process) => troubled.has(process?.state ?? "starting"));
  return isTroubled ? 1 : 2;
}

const troubled: ReadonlySet<ProcessState> = new Set(["unhealthy", "waiting", "unmonitored"]);

/** What must go on serving when the machine leaves: what is wanted, when the operator asked for a successor. */
function servingFloor(role: DesiredRole, machine: MachineRecord): number {
  return machine.mark === "remove" ? Math.min(role.min, role.target) : role.target;
}

function leaveReason(role: DesiredRole, machine: MachineRecord): string {
  switch (machine.mark) {
    case "drain":
      return "drained by hand";
    case "replace":
      return "replaced by hand";
    case "remove":
      return "removed by hand";
    case null:
      return `${role.name} needs ${role.target}: ${role.targetReason}`;
  }
}

function isDeploying(roster: Roster, role: DesiredRole): boolean {
  return roster.activeDeploy?.changes.some((change) => change.role === role.name) === true;
}

/** The site goes down: nothing is left to send requests to it, so nothing is waited for. */
function giveUpAll(roster: Roster, role: DesiredRole): StepResult {
  const machines = roster.machinesOf(role.name).filter((m) => m.state !== "terminating");
  return {
    actions: machines.map((machine) => terminate(roster, machine, "the site is taken down")),
    holds: [],
  };
}

function drain(roster: Roster, machine: MachineRecord, reason: string): Action {
  const servers = roster.serversOn(machine.name).map((server): Change => ({
    kind: "server",
    server: {
      ...server,
      state: server.state === "ready" || server.state === "draining" ? "draining" : "stopping",
      stateAt: roster.now,
      reason,
    },
  }));
  const leaving: MachineRecord = { ...machine, state: "draining", stateAt: roster.now, reason };
  return {
    kind: "drain",
    subject: machine.name,
    reason,
    changes: [{ kind: "machine", machine: leaving }, ...servers],
    effect: null,
  };
}

function terminate(roster: Roster, machine: MachineRecord, reason: string): Action {
  const leaving: MachineRecord = { ...machine, state: "terminating", stateAt: roster.now, reason };
  return {
    kind: "terminate",
    subject: machine.name,
    reason,
    changes: [{ kind: "machine", machine: leaving }, ...serversGone(roster, machine)],
    effect: { kind: "terminate", machine: machine.name },
  };
}
