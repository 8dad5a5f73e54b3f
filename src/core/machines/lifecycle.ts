import type { Action, StepResult } from "../action.ts";
import type { Instant } from "../instant.ts";
import type { Change, MachineRecord } from "../inventory.ts";
import type { ProvidedMachine } from "../observed.ts";
import type { Roster } from "../roster.ts";

/** A machine that has not called home this long after its launch is given up. */
const CALL_HOME_MS = 60_000;
/** An agent silent this long, with no server of its machine up, stands on a dead machine. */
const SILENCE_MS = 15_000;
/** An agent reports every second and comes back within two: one that is silent for longer may be gone. */
const HEARD_MS = 5_000;
/** A call to a provider that failed is repeated after this, doubled with each failure, up to the maximum. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 60_000;

/** Machines the provider no longer has, or that will never answer: their records and servers go. */
export function forgetGoneMachines(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const machine of roster.state.machines.values()) {
    const provided = provision(roster, machine);
    const reason = reasonGone(roster, machine, provided);
    if (reason === null) continue;
    actions.push({
      kind: "forget",
      subject: machine.name,
      reason,
      changes: goneChanges(roster, machine, provided === "absent"),
      effect: provided === "absent" ? null : { kind: "terminate", machine: machine.name },
    });
  }
  return { actions, holds: [] };
}

/** Machines of ours that no record names: left by a launch whose answer was lost. */
export function removeOrphans(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const provided of roster.observed.provider?.machines.values() ?? []) {
    if (roster.observed.inventory.machines.has(provided.name)) continue;
    if (!mayTry(roster, provided.name)) continue;
    actions.push({
      kind: "clean",
      subject: provided.name,
      reason: "it exists but is not on record",
      changes: [],
      effect: { kind: "terminate", machine: provided.name },
    });
  }
  return { actions, holds: [] };
}

/** A launched machine that the provider shows, or that has called home, is running. */
export function confirmMachines(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const machine of roster.state.machines.values()) {
    const confirmed = confirmedRecord(roster, machine);
    if (confirmed === null) continue;
    const hasCalled = confirmed.calledHomeAt !== machine.calledHomeAt;
    actions.push({
      kind: "confirm",
      subject: machine.name,
      reason: hasCalled ? "called home" : `the provider made it at ${confirmed.address}`,
      changes: [{ kind: "machine", machine: confirmed }],
      effect: null,
    });
  }
  return { actions, holds: [] };
}

/** Launches that did not happen yet, and agents that died while their machine lives on. */
export function launchAgain(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const machine of roster.state.machines.values()) {
    if (machine.state === "terminating" || !mayTry(roster, machine.name)) continue;
    const provided = provision(roster, machine);
    const isAgentless = typeof provided === "object" && provided.condition === "agentless";
    const isUnmade = machine.state === "launching" && provided === "absent";
    if (!isAgentless && !isUnmade) continue;
    actions.push({
      kind: isAgentless ? "revive" : "launch",
      subject: machine.name,
      reason: isAgentless ? "its agent died; the machine lives" : machine.reason,
      // How long it takes now says nothing of how long machines take.
      changes:
        machine.launchedAt === null || machine.servingAt !== null
          ? []
          : [{ kind: "machine", machine: { ...machine, launchedAt: null } }],
      effect: { kind: "launch", machine: machine.name, role: machine.role, number: machine.number },
    });
  }
  return { actions, holds: [] };
}

/** Terminations under way that the provider has not carried out: it still shows the machine. */
export function terminateAgain(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const machine of roster.state.machines.values()) {
    if (machine.state !== "terminating" || !mayTry(roster, machine.name)) continue;
    // When a termination ends, the last listing may be older than its wish: it says nothing, and the next one will.
    if (typeof provision(roster, machine) !== "object") continue;
    actions.push({
      kind: "terminate",
      subject: machine.name,
      reason: machine.reason,
      changes: [],
      effect: { kind: "terminate", machine: machine.name },
    });
  }
  return { actions, holds: [] };
}

function goneChanges(
  roster: Roster,
  machine: MachineRecord,
  isSeenGone: boolean,
): readonly Change[] {
  return [
    ...serversGone(roster, machine),
    { kind: "machine-gone", name: machine.name, at: roster.now, isSeenGone },
  ];
}

export function serversGone(roster: Roster, machine: MachineRecord): readonly Change[] {
  return roster.serversOn(machine.name).map(({ id }) => ({ kind: "server-gone", id }));
}

/** Whether the provider may be asked about this machine again. */
function mayTry(roster: Roster, machine: string): boolean {
  const effect = roster.observed.effects.get(machine);
  if (effect === undefined) return true;
  if (effect.state === "under-way") return false;
  return roster.now >= effect.at + retryDelayMs(effect.failures);
}

function retryDelayMs(failures: number): number {
  return Math.min(RETRY_MS * 2 ** Math.min(failures, 16), RETRY_MAX_MS);
}

/** `unknown`: the last listing is too old to speak of this record. Silence is never read as absence. */
function provision(roster: Roster, machine: MachineRecord): ProvidedMachine | "absent" | "unknown" {
  const listing = roster.observed.provider;
  const provided = listing?.machines.get(machine.name);
  if (listing === null) return "unknown";
  if (provided !== undefined) return provided;
  return listing.at > machine.stateAt ? "absent" : "unknown";
}

function reasonGone(
  roster: Roster,
  machine: MachineRecord,
  provided: ProvidedMachine | "absent" | "unknown",
): string | null {
  if (roster.observed.effects.get(machine.name)?.state === "under-way") return null;
  if (machine.state === "terminating") return provided === "absent" ? "it is gone" : null;
  if (machine.state === "launching") return null;
  if (provided === "absent") {
    return isHeard(roster, machine) ? null : "the provider no longer has it";
  }
  if (typeof provided === "object" && provided.condition === "gone") return "everything on it died";
  return isSilent(roster, machine);
}

/** A listing may miss a machine; one that spoke since, or a moment ago, is there. */
function isHeard({ observed, now }: Roster, machine: MachineRecord): boolean {
  const agent = observed.agents.get(machine.name);
  const spokeAt = agent?.isConnected === true ? (agent.reportedAt ?? agent.since) : agent?.since;
  const heardAt = Math.max(spokeAt ?? 0, observed.watchingSince);
  return now - heardAt <= HEARD_MS || heardAt >= (observed.provider?.at ?? heardAt);
}

function isSilent(roster: Roster, machine: MachineRecord): string | null {
  const { now, observed } = roster;
  if (machine.calledHomeAt === null) {
    const since = Math.max(machine.stateAt, observed.watchingSince);
    return now - since > CALL_HOME_MS
      ? `it has not called home for ${CALL_HOME_MS / 1000} s`
      : null;
  }
  const agent = observed.agents.get(machine.name);
  if (agent?.isConnected === true) return null;
  const silentSince: Instant = Math.max(agent?.since ?? 0, observed.watchingSince);
  if (now - silentSince <= SILENCE_MS) return null;
  const servers = roster.serversOn(machine.name);
  // All that can be seen: one balancer alone may be cut off from it, or wrong.
  const { balancers } = roster.sight;
  const isOff =
    balancers.length > 0 &&
    balancers.every((balancer) =>
      servers.every((server) => balancer.servers.get(server.id)?.state !== "up"),
    );
  // A balancer that cannot be seen may still serve: only the provider may call it dead.
  if (machine.role === "balancer" || !isOff) return null;
  return `silent for ${SILENCE_MS / 1000} s and no server of it is up`;
}

function confirmedRecord(roster: Roster, machine: MachineRecord): MachineRecord | null {
  const agent = roster.observed.agents.get(machine.name);
  const provided = provision(roster, machine);
  const address = typeof provided === "object" ? provided.address : machine.address;
  const isMade = machine.state === "launching" && typeof provided === "object";
  const hasCalled = machine.calledHomeAt === null && agent?.isConnected === true;
  // It vanished and was made anew under its name.
  const hasMoved = machine.address !== null && address !== machine.address;
  if (!isMade && !hasCalled && !hasMoved) return null;
  return {
    ...machine,
    address,
    state: machine.state === "launching" && isMade ? "running" : machine.state,
    stateAt: isMade ? roster.now : machine.stateAt,
    calledHomeAt: hasCalled ? roster.now : machine.calledHomeAt,
  };
}
