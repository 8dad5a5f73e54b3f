import type { DesiredRole } from "./roles.ts";
import { desiredRoles } from "./roles.ts";
import type { Instant } from "./instant.ts";
import type { DeployRecord, InventoryState, MachineRecord, ServerRecord } from "./inventory.ts";
import type { Observed } from "./observed.ts";
import type { AgentReport, BalancerReport, ProcessReport, ServerReport } from "./report.ts";

/** The state as a plan's steps look at it: what is on record, indexed, beside what was last seen. */
export interface Roster {
  readonly now: Instant;
  readonly state: InventoryState;
  readonly observed: Observed;
  /** Every role of the site, the balancer first, then those that only machines remain of. */
  readonly roles: readonly DesiredRole[];
  /** By number. */
  readonly machinesOf: (role: string) => readonly MachineRecord[];
  /** By id. */
  readonly serversOn: (machine: string) => readonly ServerRecord[];
  readonly activeDeploy: DeployRecord | null;
  readonly sight: Sight;
}

/** What was seen of servers and balancers; it stays the same while a plan is made. */
export interface Sight {
  /** One per balancer machine that is connected and has reported. */
  readonly balancers: readonly BalancerSight[];
  readonly reportOf: (machine: string) => AgentReport | null;
}

export interface BalancerSight {
  readonly machine: string;
  readonly report: BalancerReport;
  readonly servers: ReadonlyMap<number, ServerReport>;
}

export const BALANCER_ROLE = "balancer";

export function takeSight(observed: Observed): Sight {
  const balancers: BalancerSight[] = [];
  for (const machine of observed.inventory.machines.values()) {
    if (machine.role !== BALANCER_ROLE) continue;
    const agent = observed.agents.get(machine.name);
    const report = agent?.isConnected === true ? agent.report?.balancer : null;
    if (report === null || report === undefined) continue;
    const servers = new Map(report.servers.map((server) => [server.id, server]));
    balancers.push({ machine: machine.name, report, servers });
  }
  return { balancers, reportOf: (machine) => observed.agents.get(machine)?.report ?? null };
}

export function takeRoster(
  observed: Observed,
  state: InventoryState,
  sight: Sight,
  now: Instant,
): Roster {
  const machines = groupBy(state.machines.values(), (machine) => machine.role);
  for (const group of machines.values()) group.sort((a, b) => a.number - b.number);
  const servers = groupBy(state.servers.values(), (server) => server.machine);
  for (const group of servers.values()) group.sort((a, b) => a.id - b.id);
  return {
    now,
    state,
    observed,
    sight,
    roles: desiredRoles(state, now),
    machinesOf: (role) => machines.get(role) ?? [],
    serversOn: (machine) => servers.get(machine) ?? [],
    activeDeploy: activeDeploy(state),
  };
}

/** The deploy that goes forward or back now: there is never more than one. */
export function activeDeploy(state: InventoryState): DeployRecord | null {
  for (const deploy of state.deploys.values()) {
    if (deploy.state === "running" || deploy.state === "reverting") return deploy;
  }
  return null;
}

export function processOf(roster: Roster, server: ServerRecord): ProcessReport | null {
  const report = roster.sight.reportOf(server.machine);
  return report?.processes.find((process) => process.id === server.id) ?? null;
}

/** Takes requests now: every balancer that can be seen says so. A role that does not listen serves by being alive. */
export function isServing(roster: Roster, server: ServerRecord): boolean {
  if (server.state !== "ready") return false;
  if (!listens(roster, server)) return processOf(roster, server)?.state === "healthy";
  const { balancers } = roster.sight;
  return balancers.length > 0 && balancers.every((b) => b.servers.get(server.id)?.state === "up");
}

/**
 * No request can reach it any more. An unseen balancer might still send some: then the answer is no. So might
 * one that gets its first document before the drain is on record.
 */
export function isDrained(roster: Roster, server: ServerRecord): boolean {
  if (!listens(roster, server)) return true;
  if (roster.observed.inventory.servers.get(server.id)?.state !== "draining") return false;
  const machines = roster.machinesOf(BALANCER_ROLE).filter((m) => mayRoute(roster, m));
  return machines.every((machine) => {
    const sight = roster.sight.balancers.find((balancer) => balancer.machine === machine.name);
    return sight?.servers.get(server.id)?.state === "drained";
  });
}

/** One that was never there has no document. One that is may have had it from a leader before this one. */
function mayRoute({ observed }: Roster, { name, calledHomeAt }: MachineRecord): boolean {
  const { provider, agents } = observed;
  if (calledHomeAt !== null || agents.get(name)?.isConnected === true) return true;
  return provider === null || provider.machines.has(name);
}

/** A machine serves when each of its role's instances has a server that serves. */
export function isMachineServing(roster: Roster, machine: MachineRecord): boolean {
  if (machine.state !== "running") return false;
  if (machine.role === BALANCER_ROLE) {
    const sight = roster.sight.balancers.find((balancer) => balancer.machine === machine.name);
    return sight?.report.isServing === true;
  }
  const instances = roster.roles.find((role) => role.name === machine.role)?.instances ?? 1;
  const serving = new Set(
    roster
      .serversOn(machine.name)
      .filter((server) => isServing(roster, server))
      .map((server) => server.instance),
  );
  return serving.size >= instances;
}

/** One that boots carries nothing; the provider may be slower to show a machine than it is to serve. */
export function carriesRequests(roster: Roster, machine: MachineRecord): boolean {
  if (machine.state !== "launching") return true;
  const servers = roster.serversOn(machine.name);
  return servers.some(({ state }) => state === "ready" || state === "draining");
}

function listens(roster: Roster, server: ServerRecord): boolean {
  return roster.state.revisions.get(server.revision)?.check.kind !== "none";
}

function groupBy<Row>(rows: Iterable<Row>, keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
