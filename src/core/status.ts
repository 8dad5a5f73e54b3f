import type { Hold } from "./action.ts";
import type { Instant } from "./instant.ts";
import type { DeployRecord, InventoryState, MachineRecord, ServerRecord } from "./inventory.ts";
import type { Observed } from "./observed.ts";
import type { Latency, ProcessReport, ServerReport } from "./report.ts";
import {
  activeDeploy,
  BALANCER_ROLE,
  isMachineServing,
  processOf,
  takeRoster,
  takeSight,
} from "./roster.ts";
import type { Roster } from "./roster.ts";
import { siteHost } from "./traffic/balancer-host.ts";

/** The site at a glance: what `status` shows and scripts read. */
export interface SiteStatus {
  readonly schema: 1;
  readonly at: Instant;
  readonly site: string | null;
  readonly phase: "up" | "down";
  readonly isMaintenanceOn: boolean;
  /** Where the site answers; null before the first `up`. */
  readonly url: string | null;
  readonly deploy: DeployStatus | null;
  readonly roles: readonly RoleStatus[];
  readonly machines: readonly MachineStatus[];
  /** Why the site is degraded; empty when all is well. */
  readonly problems: readonly string[];
  /** What waits, and for what. */
  readonly waiting: readonly Hold[];
}

export interface DeployStatus {
  readonly id: number;
  readonly state: DeployRecord["state"];
  readonly kind: DeployRecord["kind"];
  readonly by: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  /** Revisions, and the release that the new one runs. */
  readonly roles: readonly {
    readonly role: string;
    readonly from: string | null;
    readonly to: string;
    readonly release: string | null;
  }[];
  readonly requests: number | null;
  readonly failed: number | null;
  readonly failure: DeployRecord["failure"];
}

export interface RoleStatus extends Load {
  readonly role: string;
  readonly min: number;
  readonly max: number;
  readonly target: number;
  readonly reason: string;
  readonly pinnedUntil: Instant | "auto" | null;
  readonly machines: number;
  readonly serving: number;
  readonly release: string | null;
}

export interface MachineStatus extends Load {
  readonly machine: string;
  readonly role: string;
  readonly release: string | null;
  readonly state:
    | "launching"
    | "booting"
    | "registered"
    | "serving"
    | "silent"
    | "draining"
    | "drained"
    | "terminating";
  readonly address: string | null;
  /** Where its servers listen, as `address:port`. */
  readonly endpoints: readonly string[];
  readonly responses4xx: number;
  readonly responses5xx: number;
  /** Share of one core. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  readonly ageMs: number;
  readonly problem: string | null;
  /** What a failing process printed last. */
  readonly lastLines: readonly string[];
}

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly inFlight: number;
  readonly queue: number;
}

export function siteStatus(observed: Observed, holds: readonly Hold[], now: Instant): SiteStatus {
  const { settings } = observed.inventory;
  const roster = takeRoster(observed, observed.inventory, takeSight(observed), now);
  const machines = [...observed.inventory.machines.values()]
    .sort((a, b) => order(a) - order(b) || compare(a.role, b.role) || a.number - b.number)
    .map((machine) => machineStatus(roster, machine));
  const roles = roster.roles.map((role) => roleStatus(roster, role.name, machines));
  return {
    schema: 1,
    at: now,
    site: settings.site?.name ?? null,
    phase: settings.phase,
    isMaintenanceOn: settings.isMaintenanceOn,
    url: siteUrl(observed),
    deploy: lastDeploy(observed),
    roles,
    machines,
    problems: settings.phase === "down" ? [] : problems(roster, roles, machines),
    waiting: holds,
  };
}

/** `<site>.localhost` reaches a site on this computer in every browser without any set-up. */
function siteUrl(observed: Observed): string | null {
  const { site, balancerPort } = observed.inventory.settings;
  const host = siteHost(observed.inventory);
  if (site === null || host === null) return null;
  const port = site.balancer.bind.port ?? balancerPort;
  const isLocal = host.startsWith("127.") || host === "0.0.0.0" || host === "localhost";
  const isOnComputer = site.provider === "netns";
  const name = isLocal ? `${site.name}.localhost` : isOnComputer ? host : (site.domains[0] ?? host);
  return port === 80 ? `http://${name}` : `http://${name}:${port}`;
}

export function deployStatus(deploy: DeployRecord, { revisions }: InventoryState): DeployStatus {
  const { id, state, kind, by, startedAt, finishedAt, requests, failed, failure } = deploy;
  const roles = deploy.changes.map(({ role, from, to }) => {
    const release = revisions.get(to)?.release ?? null;
    return { role, from, to, release };
  });
  return { id, state, kind, by, startedAt, finishedAt, roles, requests, failed, failure };
}

function order(machine: MachineRecord): number {
  return machine.role === BALANCER_ROLE ? 0 : 1;
}

function lastDeploy(observed: Observed): DeployStatus | null {
  const { deploys } = observed.inventory;
  const running = activeDeploy(observed.inventory);
  const newest = running ?? [...deploys.values()].reduce<DeployRecord | null>(later, null);
  return newest === null ? null : deployStatus(newest, observed.inventory);
}

function later(a: DeployRecord | null, b: DeployRecord): DeployRecord {
  return a !== null && a.id > b.id ? a : b;
}

function machineStatus(roster: Roster, machine: MachineRecord): MachineStatus {
  const servers = roster.serversOn(machine.name);
  const seen = servers.flatMap((server) => sightings(roster, server));
  const report = roster.observed.agents.get(machine.name)?.report ?? null;
  const troubled = troubledProcess(roster, servers);
  const trouble = machineTrouble(roster, machine, troubled);
  const isBalancer = machine.role === BALANCER_ROLE;
  return {
    machine: machine.name,
    role: machine.role,
    release: isBalancer ? (report?.balancer?.engine ?? null) : releaseOn(roster, servers),
    state: displayState(roster, machine),
    address: machine.address,
    endpoints: servers.flatMap(({ address, port }) =>
      port === null ? [] : [`${address}:${port}`],
    ),
    ...(isBalancer ? poolLoad(roster, null) : loadOf(seen)),
    responses4xx: sum(seen, (server) => server.responses4xx),
    responses5xx: sum(seen, (server) => server.responses5xx),
    cpu: report?.cpu ?? null,
    memoryBytes: report?.memoryBytes ?? null,
    ageMs: roster.now - machine.createdAt,
    problem: trouble,
    lastLines: troubled?.lastLines ?? [],
  };
}

function sightings(roster: Roster, server: ServerRecord): readonly ServerReport[] {
  return roster.sight.balancers.flatMap((balancer) => balancer.servers.get(server.id) ?? []);
}

function displayState(roster: Roster, machine: MachineRecord): MachineStatus["state"] {
  if (machine.state === "launching" || machine.state === "terminating") return machine.state;
  if (machine.state === "draining") {
    return roster.serversOn(machine.name).length === 0 ? "drained" : "draining";
  }
  if (machine.calledHomeAt === null) return "booting";
  if (isMachineServing(roster, machine)) return "serving";
  const agent = roster.observed.agents.get(machine.name);
  return agent?.isConnected === true ? "registered" : "silent";
}

function troubledProcess(roster: Roster, servers: readonly ServerRecord[]): ProcessReport | null {
  for (const server of servers) {
    const process = processOf(roster, server);
    // What was told to end is not in trouble.
    if (process?.problem && process.state !== "stopping") return process;
  }
  return null;
}

function machineTrouble(
  roster: Roster,
  machine: MachineRecord,
  troubled: ProcessReport | null,
): string | null {
  const agent = roster.observed.agents.get(machine.name);
  const effect = roster.observed.effects.get(machine.name);
  if (effect?.state === "failed") return effect.message;
  const limits = roster.observed.limits.get(machine.name);
  if (limits?.state === "refused") return limits.message;
  // A machine that is being given back stops talking first.
  if (machine.state === "terminating") return null;
  if (machine.calledHomeAt !== null && agent?.isConnected !== true) return "its agent is silent";
  return agent?.report?.balancer?.problem ?? troubled?.problem ?? null;
}

function releaseOn(roster: Roster, servers: readonly ServerRecord[]): string | null {
  const releases = new Set<string>();
  for (const server of servers) {
    if (server.state !== "starting" && server.state !== "ready") continue;
    const revision = roster.state.revisions.get(server.revision);
    if (revision !== undefined) releases.add(revision.release);
  }
  return releases.size === 0 ? null : [...releases].join(" → ");
}

function roleStatus(roster: Roster, name: string, machines: readonly MachineStatus[]): RoleStatus {
  const role = roster.roles.find((r) => r.name === name);
  const own = machines.filter((machine) => machine.role === name);
  const pin = role?.record.pin ?? null;
  const revision = role?.record.revision ?? null;
  return {
    role: name,
    min: role?.min ?? 0,
    max: role?.max ?? 0,
    target: role?.target ?? 0,
    reason: role?.targetReason ?? "",
    pinnedUntil: pin === null ? null : (pin.until ?? "auto"),
    machines: own.length,
    serving: own.filter((machine) => machine.state === "serving").length,
    release: revision === null ? null : (roster.state.revisions.get(revision)?.release ?? null),
    ...poolLoad(roster, name === BALANCER_ROLE ? null : name),
  };
}

/** Of one pool, or of all. */
function poolLoad(roster: Roster, pool: string | null): Load {
  const pools = roster.sight.balancers
    .flatMap((balancer) => balancer.report.pools)
    .filter((p) => pool === null || p.pool === pool);
  return loadOf(pools);
}

interface Measured {
  readonly requestsPerSecond: number;
  readonly inFlight: number;
  readonly queue: number;
  readonly latency: Latency | null;
}

/** Counts add up; of percentiles only the worst can be told without the single values. */
function loadOf(measured: readonly Measured[]): Load {
  const worst = (of: (latency: Latency) => number): number | null => {
    const known = measured.flatMap(({ latency }) => (latency === null ? [] : [of(latency)]));
    return known.length === 0 ? null : Math.max(...known);
  };
  return {
    requestsPerSecond: sum(measured, (m) => m.requestsPerSecond),
    p50: worst((latency) => latency.p50),
    p95: worst((latency) => latency.p95),
    p99: worst((latency) => latency.p99),
    inFlight: sum(measured, (m) => m.inFlight),
    queue: sum(measured, (m) => m.queue),
  };
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}

function problems(
  roster: Roster,
  roles: readonly RoleStatus[],
  machines: readonly MachineStatus[],
): readonly string[] {
  const short = roles
    .filter((role) => role.serving < role.target)
    .map((role) => `${role.role}: ${role.serving} of ${role.target} machines serve`);
  const troubled = machines
    .filter((machine) => machine.problem !== null)
    .map((machine) => `${machine.machine}: ${machine.problem}`);
  const blind = roster.observed.provider === null ? ["the provider has not answered yet"] : [];
  const idle = roles.filter((role) => role.role !== BALANCER_ROLE && role.release === null);
  const undeployed = idle.map((role) => `${role.role}: nothing is deployed`);
  return [...short, ...undeployed, ...troubled, ...blind];
}

/** By code unit: the order must not depend on a machine's locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
