import type { Action, Hold, StepResult } from "../action.ts";
import type {
  Change,
  DeployChange,
  DeployFailure,
  DeployRecord,
  MachineRecord,
  ServerRecord,
  Settings,
} from "../inventory.ts";
import { isServing, processOf } from "../roster.ts";
import type { Roster } from "../roster.ts";
import { hookAction } from "./hooks.ts";
import { isOverdue } from "./patience.ts";
import { isHere, leaveServer, mayRun, serverName, startServer } from "./servers.ts";
import { countSince } from "./totals.ts";

/** A new process that ended this often before it was healthy will not be. */
const STARTS_MAX = 3;
/** Below this many answers a share of errors says nothing. */
const ANSWERS_MIN = 50;

/** Carries the running deploy one step on: forward in waves, back when the new release fails, or to its end. */
export function advanceDeploy(roster: Roster): StepResult {
  const deploy = roster.activeDeploy;
  if (deploy === null) return { actions: [], holds: [] };
  if (deploy.state === "reverting") return revert(roster, deploy);

  const failure = findFailure(roster, deploy);
  if (failure !== null) return { actions: [failDeploy(roster, deploy, failure)], holds: [] };
  const hook = hookAction(roster, deploy, "before");
  if (hook !== null) return hook;

  const waves = deploy.changes.map((change) => nextWave(roster, deploy, change));
  const actions = numbered(
    roster,
    waves.flatMap((wave) => wave.starts),
  );
  const holds = waves.flatMap((wave) => wave.holds);
  if (actions.length > 0 || holds.length > 0) return { actions, holds };
  return hookAction(roster, deploy, "after") ?? finish(roster, deploy, "done");
}

/** An order without an id yet: ids are given in one place, in order. */
type Start = (settings: Settings) => { readonly action: Action; readonly settings: Settings };

interface Wave {
  readonly starts: readonly Start[];
  readonly holds: readonly Hold[];
}

/** Machines change over one after the other, at most `batch` at a time; a machine counts until its old servers are gone. */
function nextWave(roster: Roster, deploy: DeployRecord, change: DeployChange): Wave {
  const machines = roster.machinesOf(change.role).filter((machine) => mayRun(machine));
  const outdated = machines.filter((machine) => isOutdated(roster, machine, change));
  const changing = machines.filter((machine) => isChanging(roster, machine, change));
  const batch = batchSize(change.settings.batch, machines.length);
  const free = Math.max(0, batch - changing.length);
  const wave = change.from === null ? outdated : outdated.slice(0, free);
  const starts = wave.flatMap((machine) =>
    instancesToStart(roster, machine, change).map((instance): Start => (settings) => {
      const reason = `deploy ${deploy.id}: ${change.role} goes to ${change.to}`;
      return startServer(roster, settings, { machine, instance, revision: change.to, reason });
    }),
  );
  const holds = changing.map((machine) => ({
    subject: machine.name,
    reason: `changes over to ${change.to}; ${outdated.length} more to go`,
  }));
  if (machines.length === 0 && wantsMachines(roster, change)) {
    holds.push({ subject: change.role, reason: "no machine runs yet" });
  }
  return { starts, holds };
}

/** A machine that lacks new servers and whose change-over has not begun. */
function isOutdated(roster: Roster, machine: MachineRecord, change: DeployChange): boolean {
  return (
    instancesToStart(roster, machine, change).length > 0 && !isChanging(roster, machine, change)
  );
}

function isChanging(roster: Roster, machine: MachineRecord, change: DeployChange): boolean {
  const servers = roster.serversOn(machine.name);
  const fresh = servers.filter((server) => server.revision === change.to && isHere(server));
  if (fresh.length === 0) return false;
  const isUnready = fresh.some((server) => !isServing(roster, server));
  return isUnready || servers.some((server) => server.revision !== change.to);
}

function instancesToStart(
  roster: Roster,
  machine: MachineRecord,
  change: DeployChange,
): readonly number[] {
  const instances = roster.roles.find((role) => role.name === change.role)?.instances ?? 0;
  const held = new Set<number>();
  for (const server of roster.serversOn(machine.name)) {
    if (isHere(server) && server.revision === change.to) held.add(server.instance);
  }
  return Array.from({ length: instances }, (_, index) => index).filter((i) => !held.has(i));
}

function wantsMachines(roster: Roster, change: DeployChange): boolean {
  return (roster.roles.find((role) => role.name === change.role)?.target ?? 0) > 0;
}

function batchSize(batch: number, machines: number): number {
  return batch >= 1 ? Math.floor(batch) : Math.max(1, Math.floor(batch * machines));
}

function numbered(roster: Roster, starts: readonly Start[]): readonly Action[] {
  const actions: Action[] = [];
  let { settings } = roster.state;
  for (const start of starts) {
    const next = start(settings);
    settings = next.settings;
    actions.push(next.action);
  }
  return actions;
}

function findFailure(roster: Roster, deploy: DeployRecord): DeployFailure | null {
  for (const change of deploy.changes) {
    if (change.before.state === "failed") return hookFailure(change);
    const servers = roster
      .machinesOf(change.role)
      .flatMap((machine) => roster.serversOn(machine.name));
    const fresh = servers.filter((server) => server.revision === change.to && isHere(server));
    for (const server of fresh) {
      const message = serverFailure(roster, server, change);
      if (message === null) continue;
      const lastLines = processOf(roster, server)?.lastLines ?? [];
      return { machine: server.machine, message, lastLines };
    }
    const message = errorFailure(roster, servers, change);
    if (message !== null) return { machine: null, message, lastLines: [] };
    const late = lateMachine(roster, deploy, change);
    if (late !== null)
      return { machine: late, message: `${late} does not change over`, lastLines: [] };
  }
  return null;
}

/** One that keeps the deploy waiting for longer than all that its steps may take. */
function lateMachine(roster: Roster, deploy: DeployRecord, change: DeployChange): string | null {
  const late = roster
    .machinesOf(change.role)
    .find(
      (machine) =>
        mayRun(machine) &&
        isChanging(roster, machine, change) &&
        isOverdue(roster, deploy, change, machine),
    );
  return late?.name ?? null;
}

function hookFailure(change: DeployChange): DeployFailure {
  const { machine, lastLines } = change.before;
  const message = `the hook before the deploy of ${change.role} failed: ${change.settings.before}`;
  return { machine, message, lastLines };
}

function serverFailure(roster: Roster, server: ServerRecord, change: DeployChange): string | null {
  if (isServing(roster, server)) return null;
  const process = processOf(roster, server);
  // A machine that boots or is silent says nothing about the release.
  if (process === null) return null;
  const name = serverName(server);
  const problem = process.problem ?? "the balancer does not see it up";
  if (process.state === "unmonitored") return `${name} keeps ending: ${problem}`;
  if (server.state === "starting" && process.restarts >= STARTS_MAX) {
    return `${name} ended ${STARTS_MAX} times before it was healthy: ${problem}`;
  }
  if (roster.now - troubledSince(roster, server, process.since) <= change.settings.timeoutMs)
    return null;
  return `${name} was not healthy within ${change.settings.timeoutMs / 1000} s: ${problem}`;
}

/** A server that has served is judged from its last trouble on, a new one from its start. */
function troubledSince(roster: Roster, server: ServerRecord, processSince: number): number {
  if (server.state === "ready") return Math.max(server.stateAt, processSince);
  const calledHomeAt = roster.state.machines.get(server.machine)?.calledHomeAt ?? roster.now;
  return Math.max(server.createdAt, calledHomeAt);
}

/** Compares the new servers' share of 5xx with the old ones' over the same time. */
function errorFailure(
  roster: Roster,
  servers: readonly ServerRecord[],
  change: DeployChange,
): string | null {
  const fresh = answers(
    roster,
    servers.filter((server) => server.revision === change.to),
  );
  const old = answers(
    roster,
    servers.filter((server) => server.revision !== change.to),
  );
  if (fresh.requests < ANSWERS_MIN) return null;
  const freshShare = fresh.errors / fresh.requests;
  const oldShare = old.requests === 0 ? 0 : old.errors / old.requests;
  if (freshShare <= oldShare + change.settings.errorsMax) return null;
  return `${percent(freshShare)} of the new release's answers are errors (before: ${percent(oldShare)})`;
}

function answers(
  roster: Roster,
  servers: readonly ServerRecord[],
): { readonly requests: number; readonly errors: number } {
  let requests = 0;
  let errors = 0;
  for (const balancer of roster.sight.balancers) {
    for (const server of servers) {
      const seen = balancer.servers.get(server.id);
      requests += seen?.requests ?? 0;
      errors += seen?.responses5xx ?? 0;
    }
  }
  return { requests, errors };
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function failDeploy(roster: Roster, deploy: DeployRecord, failure: DeployFailure): Action {
  const canRevert = deploy.changes.some((change) => change.from !== null);
  const counted = canRevert ? {} : { finishedAt: roster.now, ...countSince(roster, deploy) };
  const state = canRevert ? "reverting" : "failed";
  const failed: DeployRecord = { ...deploy, state, failure, ...counted };
  return {
    kind: canRevert ? "revert" : "finish",
    subject: `deploy ${deploy.id}`,
    reason: failure.message,
    changes: [
      { kind: "deploy", deploy: failed },
      ...(canRevert ? [] : revisionChanges(roster, failed)),
    ],
    effect: null,
  };
}

function revert(roster: Roster, deploy: DeployRecord): StepResult {
  const starts: Start[] = [];
  const leaves: Action[] = [];
  const holds: Hold[] = [];
  // Not waited for any more: what is left to do there is done as anywhere else, after the deploy.
  const left: string[] = [];
  for (const change of deploy.changes) {
    const { from } = change;
    if (from === null) continue;
    const back = { ...change, to: from };
    for (const machine of roster.machinesOf(change.role)) {
      if (!mayRun(machine)) continue;
      for (const instance of instancesToStart(roster, machine, back)) {
        const reason = `deploy ${deploy.id} failed: back to ${from}`;
        starts.push((settings) =>
          startServer(roster, settings, { machine, instance, revision: from, reason }),
        );
      }
      const servers = roster.serversOn(machine.name);
      // What never joined a pool carries nothing: it goes at once instead of after its successor serves.
      const unjoined = servers.filter((s) => s.revision === change.to && s.state === "starting");
      leaves.push(...unjoined.map((s) => leaveServer(roster, s, "the deploy failed")));
      const isBack = servers.every((s) => s.revision === from && isServing(roster, s));
      if (isBack) continue;
      if (isOverdue(roster, deploy, change, machine)) left.push(machine.name);
      else holds.push({ subject: machine.name, reason: `goes back to ${from}` });
    }
  }
  const actions = [...numbered(roster, starts), ...leaves];
  if (actions.length > 0 || holds.length > 0) return { actions, holds };
  return finish(roster, deploy, "reverted", left);
}

function finish(
  roster: Roster,
  deploy: DeployRecord,
  state: "done" | "reverted",
  left: readonly string[] = [],
): StepResult {
  const counted = countSince(roster, deploy);
  const finished: DeployRecord = { ...deploy, state, finishedAt: roster.now, ...counted };
  const count = `${counted.failed} failed of ${counted.requests} requests`;
  const but = left.length === 0 ? "" : ` but for ${left.join(", ")}`;
  const action: Action = {
    kind: "finish",
    subject: `deploy ${deploy.id}`,
    reason:
      state === "done" ? count : `went back${but}: ${deploy.failure?.message ?? ""}; ${count}`,
    changes: [{ kind: "deploy", deploy: finished }, ...revisionChanges(roster, finished)],
    effect: null,
  };
  return { actions: [action], holds: [] };
}

function revisionChanges(roster: Roster, ended: DeployRecord): readonly Change[] {
  return ended.changes.flatMap((change): readonly Change[] => {
    const record = roster.roles.find((role) => role.name === change.role)?.record;
    if (record === undefined) return [];
    const revision = ended.state === "done" ? change.to : revisionAfterFailure(roster, change);
    return revision === null ? [] : [{ kind: "role", role: { ...record, revision } }];
  });
}

/**
 * A role that has nothing to go back to keeps what was begun on its machines, for the next deploy to replace:
 * they must run something. What was never begun is not wanted.
 */
function revisionAfterFailure(roster: Roster, { role, from, to }: DeployChange): string | null {
  const servers = roster.machinesOf(role).flatMap(({ name }) => roster.serversOn(name));
  const isBegun = servers.some((server) => server.revision === to && isHere(server));
  return from ?? (isBegun ? to : null);
}
