import type { Action, Hold, StepResult } from "../action.ts";
import { restartBelow } from "../drills/sight.ts";
import type { Change, MachineRecord, ServerRecord, Settings } from "../inventory.ts";
import { isDrained, isServing, processOf } from "../roster.ts";
import type { Roster } from "../roster.ts";
import { shouldHaveEnded } from "./patience.ts";
import { placeOf } from "./place.ts";
import type { ServerPlace } from "./place.ts";
import { changeOf, revisionForNew, revisionWanted } from "./revision.ts";

/** A process that moves more often does so for no good reason, and each move is a change of every balancer. */
const MOVE_EVERY_MS = 5_000;
/** One that is worn as soon as it serves would be replaced without end. */
const WORN_AGE_MS = 10_000;

/** Gives every machine of a role one server per instance. New machines get the release before they serve. */
export function startServers(roster: Roster): StepResult {
  const actions: Action[] = [];
  let { settings } = roster.state;
  for (const role of roster.roles) {
    if (role.role === null) continue;
    const revision = revisionForNew(roster, role.name);
    if (revision === null) continue;
    for (const machine of roster.machinesOf(role.name)) {
      if (!mayRun(machine)) continue;
      for (const instance of missingInstances(roster, machine, role.instances)) {
        const reason = `${machine.name} runs ${role.instances} of ${role.name}`;
        const start = startServer(roster, settings, { machine, instance, revision, reason });
        settings = start.settings;
        actions.push(start.action);
      }
    }
  }
  return { actions, holds: [] };
}

/** A process that is healthy joins its pool; one that came back on another port joins anew. */
export function joinServers(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  for (const server of roster.state.servers.values()) {
    const place = healthyPlace(roster, server);
    if (typeof place === "string") holds.push({ subject: serverName(server), reason: place });
    if (place === null || typeof place === "string") continue;
    const reason = joinReason(server, place);
    if (reason === null) continue;
    if (server.state === "ready" && hasJustJoined(roster, server)) {
      holds.push({ subject: serverName(server), reason: "has moved or joined a moment ago" });
      continue;
    }
    const joined: ServerRecord = { ...server, ...place, state: "ready", stateAt: roster.now };
    actions.push({
      kind: "join",
      subject: serverName(server),
      reason,
      changes: [{ kind: "server", server: joined }],
      effect: null,
    });
  }
  return { actions, holds };
}

/**
 * Where two servers hold one place, the wanted one stays: as soon as it serves, the other drains. Deploys,
 * reverts and restarts all end this way, so capacity never drops in between.
 */
export function retireSuperseded(roster: Roster): StepResult {
  const actions: Action[] = [];
  for (const role of roster.roles) {
    const wanted = revisionWanted(roster, role.name);
    for (const machine of roster.machinesOf(role.name)) {
      const groups = byInstance(roster.serversOn(machine.name));
      const isKept = ([first]: readonly ServerRecord[]): boolean =>
        (first?.instance ?? 0) < role.instances;
      const kept = groups.filter(isKept);
      for (const group of kept) actions.push(...retireGroup(roster, group, wanted));
      if (kept.length < groups.length) {
        actions.push(...retireSurplus(roster, groups.flat(), role.instances));
      }
    }
  }
  return { actions, holds: [] };
}

/** Replaces processes that supervision is not content with, or that a drill restarts, one of a role at a time. */
export function replaceWorn(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  let { settings } = roster.state;
  for (const role of roster.roles) {
    const servers = roster.machinesOf(role.name).flatMap((m) => roster.serversOn(m.name));
    const below = restartBelow(roster.state, role.name);
    const reasonFor = (server: ServerRecord): string | null =>
      wornReason(roster, server) ?? (server.id < (below ?? 0) ? "a drill restarts it" : null);
    // The oldest first: one that is never content must not keep the others waiting.
    const worn = servers
      .toSorted((a, b) => a.id - b.id)
      .find(
        (server) =>
          server.state === "ready" && reasonFor(server) !== null && !isPaired(servers, server),
      );
    if (worn === undefined) continue;
    const machine = roster.state.machines.get(worn.machine);
    const revision = revisionForNew(roster, role.name);
    const isBusy = servers.some((server) => server.state !== "ready");
    if (isBusy || changeOf(roster, role.name) !== null || !machine || revision === null) {
      holds.push({ subject: serverName(worn), reason: "is replaced after what goes on now" });
      continue;
    }
    const reason = reasonFor(worn) ?? "";
    const { instance } = worn;
    const start = startServer(roster, settings, { machine, instance, revision, reason });
    settings = start.settings;
    actions.push(start.action);
  }
  return { actions, holds };
}

/** A server that left every pool may end; its record goes when its process has. */
export function finishLeaving(roster: Roster): StepResult {
  const actions: Action[] = [];
  const holds: Hold[] = [];
  for (const server of roster.state.servers.values()) {
    if (server.state === "draining") {
      if (isDrained(roster, server)) actions.push(stopServer(roster, server, "drained"));
      else holds.push({ subject: serverName(server), reason: "finishes its requests" });
    }
    if (server.state === "stopping" && hasEnded(roster, server)) {
      actions.push({
        kind: "clean",
        subject: serverName(server),
        reason: "its process has ended",
        changes: [{ kind: "server-gone", id: server.id }],
        effect: null,
      });
    }
  }
  return { actions, holds };
}

/** Where a healthy process listens, or why nobody is sent there; null for any other. */
function healthyPlace(roster: Roster, server: ServerRecord): ServerPlace | string | null {
  if (!isHere(server)) return null;
  const process = processOf(roster, server);
  return process?.state === "healthy" ? placeOf(roster, server, process) : null;
}

function joinReason(server: ServerRecord, place: ServerPlace): string | null {
  if (server.state === "starting") return "it passed its check";
  const isWhereItWas = place.port === server.port && place.address === server.address;
  return isWhereItWas ? null : `it moved to ${place.address}:${place.port}`;
}

/** What lies ahead of now was written by a former leader's clock, and says nothing of how long it is ago. */
function hasJustJoined({ now }: Roster, { stateAt }: ServerRecord): boolean {
  return stateAt <= now && now - stateAt < MOVE_EVERY_MS;
}

export function serverName(server: ServerRecord): string {
  return `${server.machine}.${server.id}`;
}

export interface ServerOrder {
  readonly machine: MachineRecord;
  readonly instance: number;
  readonly revision: string;
  readonly reason: string;
}

/** Ids come from a counter on record, which the caller hands on to its next order. */
export function startServer(
  roster: Roster,
  settings: Settings,
  order: ServerOrder,
): { readonly action: Action; readonly settings: Settings } {
  const server: ServerRecord = {
    id: settings.nextServerId,
    machine: order.machine.name,
    role: order.machine.role,
    instance: order.instance,
    revision: order.revision,
    state: "starting",
    stateAt: roster.now,
    createdAt: roster.now,
    address: null,
    port: null,
    reason: order.reason,
  };
  const next: Settings = { ...settings, nextServerId: settings.nextServerId + 1 };
  return {
    settings: next,
    action: {
      kind: "start",
      subject: serverName(server),
      reason: order.reason,
      changes: [
        { kind: "settings", settings: next },
        { kind: "server", server },
      ],
      effect: null,
    },
  };
}

/** Takes it out: through a drain when the balancer knows it, at once when it never joined. */
export function leaveServer(roster: Roster, server: ServerRecord, reason: string): Action {
  if (server.state === "starting") return stopServer(roster, server, reason);
  return {
    kind: "leave",
    subject: serverName(server),
    reason,
    changes: [serverChange(roster, server, "draining", reason)],
    effect: null,
  };
}

function stopServer(roster: Roster, server: ServerRecord, reason: string): Action {
  return {
    kind: "stop",
    subject: serverName(server),
    reason,
    changes: [serverChange(roster, server, "stopping", reason)],
    effect: null,
  };
}

function serverChange(
  roster: Roster,
  server: ServerRecord,
  state: ServerRecord["state"],
  reason: string,
): Change {
  return { kind: "server", server: { ...server, state, stateAt: roster.now, reason } };
}

export function isHere(server: ServerRecord): boolean {
  return server.state === "starting" || server.state === "ready";
}

export function mayRun(machine: MachineRecord): boolean {
  return machine.state === "launching" || machine.state === "running";
}

function missingInstances(roster: Roster, machine: MachineRecord, instances: number): number[] {
  const held = new Set<number>();
  for (const server of roster.serversOn(machine.name)) {
    if (isHere(server)) held.add(server.instance);
  }
  return Array.from({ length: instances }, (_, index) => index).filter((i) => !held.has(i));
}

function byInstance(servers: readonly ServerRecord[]): readonly (readonly ServerRecord[])[] {
  const groups: ServerRecord[][] = [];
  for (const server of servers) {
    if (isHere(server)) (groups[server.instance] ??= []).push(server);
  }
  return groups.filter((group) => group !== undefined);
}

/** One that serves goes on until each of those that stay does: else its machine might serve nobody. */
function retireSurplus(
  roster: Roster,
  servers: readonly ServerRecord[],
  instances: number,
): readonly Action[] {
  const serving = new Set(servers.filter((s) => isServing(roster, s)).map((s) => s.instance));
  const isWhole = Array.from({ length: instances }, (_, at) => at).every((at) => serving.has(at));
  // While no balancer is seen, nobody knows who serves.
  const isSeen = roster.sight.balancers.length > 0;
  const isIdle = (s: ServerRecord): boolean =>
    s.state !== "ready" || (isSeen && !serving.has(s.instance));
  return servers
    .filter((server) => server.instance >= instances && (isWhole || isIdle(server)))
    .map((server) => leaveServer(roster, server, "one instance fewer"));
}

function retireGroup(
  roster: Roster,
  group: readonly ServerRecord[],
  wanted: string | null,
): readonly Action[] {
  const keep = group.filter((server) => server.revision === wanted).at(-1);
  if (keep === undefined || group.length < 2 || !hasSettled(roster, keep)) return [];
  return group
    .filter((server) => server !== keep)
    .map((server) => leaveServer(roster, server, `${serverName(keep)} serves in its place`));
}

/** Serving, and, when it came by a deploy that goes forward, watched for as long as the role asks. */
function hasSettled(roster: Roster, server: ServerRecord): boolean {
  if (!isServing(roster, server)) return false;
  const change = roster.activeDeploy?.state === "running" ? changeOf(roster, server.role) : null;
  return roster.now - server.stateAt >= (change?.settings.settleMs ?? 0);
}

/** Another server holds its place as well: until one of the two has left, a third would only be one more. */
function isPaired(
  servers: readonly ServerRecord[],
  { id, machine, instance }: ServerRecord,
): boolean {
  return servers.some(
    (other) =>
      other.id !== id && other.machine === machine && other.instance === instance && isHere(other),
  );
}

function wornReason(roster: Roster, server: ServerRecord): string | null {
  if (roster.now - server.createdAt < WORN_AGE_MS) return null;
  return processOf(roster, server)?.restartWanted ?? null;
}

function hasEnded(roster: Roster, server: ServerRecord): boolean {
  const agent = roster.observed.agents.get(server.machine);
  if (agent?.isConnected !== true || agent.report === null) return false;
  const isListed = agent.report.processes.some((process) => process.id === server.id);
  return !isListed || shouldHaveEnded(roster, server);
}
