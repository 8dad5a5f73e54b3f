import { assert } from "../assert.ts";
import type { Role, Site, TrafficSettings } from "../desired.ts";
import type {
  BalancerDocument,
  MachineDocument,
  PoolDocument,
  ProcessDocument,
  ReleaseReference,
  ServerDocument,
  TaskDocument,
} from "../document.ts";
import type { InventoryState, MachineRecord, RevisionRecord, ServerRecord } from "../inventory.ts";
import { activeDeploy, BALANCER_ROLE } from "../roster.ts";
import { balancerHost } from "./balancer-host.ts";
import { oneOffTaskId } from "../one-offs/record.ts";
import { HOOK_TIMEOUT_MS, hookTaskId } from "../rollout/hooks.ts";
import { serverName } from "../rollout/servers.ts";

/** Sealed text to plain: the key is not core's to hold. */
export type OpenSecret = (sealed: string) => string;

/** What each of the machines should be, as its agent gets it. Everything in it follows from the inventory. */
export function documentsFor(
  state: InventoryState,
  machines: readonly MachineRecord[],
  openSecret: OpenSecret,
): readonly MachineDocument[] {
  const servers = new Map<string, ServerRecord[]>(machines.map(({ name }) => [name, []]));
  for (const server of state.servers.values()) servers.get(server.machine)?.push(server);
  return machines.map((machine) => {
    const own = (servers.get(machine.name) ?? []).sort((a, b) => a.id - b.id);
    return documentFor(state, machine, own, openSecret);
  });
}

function documentFor(
  state: InventoryState,
  machine: MachineRecord,
  servers: readonly ServerRecord[],
  openSecret: OpenSecret,
): MachineDocument {
  const { site, generation } = state.settings;
  return {
    generation,
    machine: machine.name,
    role: machine.role,
    processes: servers
      .filter((server) => server.state !== "stopping")
      .map((server) => processDocument(state, server, openSecret)),
    tasks: tasksFor(state, machine, openSecret),
    balancer:
      machine.role === BALANCER_ROLE && site !== null
        ? balancerDocument(state, site, machine)
        : null,
  };
}

function processDocument(
  state: InventoryState,
  server: ServerRecord,
  openSecret: OpenSecret,
): ProcessDocument {
  const revision = revisionOf(state, server.revision);
  return {
    id: server.id,
    name: serverName(server),
    release: releaseReference(state, revision.release),
    run: revision.run,
    env: revision.env,
    secrets: openSecrets(revision, openSecret),
    check: revision.check,
    supervision: revision.supervision,
    provisioning: revision.provisioning,
  };
}

function tasksFor(
  state: InventoryState,
  machine: MachineRecord,
  openSecret: OpenSecret,
): readonly TaskDocument[] {
  const taskOf = (wish: TaskWish): TaskDocument => taskDocument(state, wish, openSecret);
  const running = [...state.oneOffs.values()].filter(
    (oneOff) => oneOff.state === "running" && oneOff.machine === machine.name,
  );
  const oneOffs = running.map((oneOff) => taskOf({ ...oneOff, id: oneOffTaskId(oneOff.id) }));
  const deploy = activeDeploy(state);
  if (deploy === null) return oneOffs;
  const hooks = deploy.changes.flatMap((change) =>
    (["before", "after"] as const).flatMap((hook): readonly TaskDocument[] => {
      const { state: now, machine: chosen } = change[hook];
      const run = change.settings[hook];
      if (now !== "running" || chosen !== machine.name || run === null) return [];
      const id = hookTaskId(deploy.id, change.role, hook);
      return [taskOf({ id, run, revision: change.to, timeoutMs: HOOK_TIMEOUT_MS })];
    }),
  );
  return [...hooks, ...oneOffs];
}

type TaskWish = Pick<TaskDocument, "id" | "run" | "timeoutMs"> & { readonly revision: string };

function taskDocument(
  state: InventoryState,
  { id, run, timeoutMs, revision: of }: TaskWish,
  openSecret: OpenSecret,
): TaskDocument {
  const revision = revisionOf(state, of);
  return {
    id,
    release: releaseReference(state, revision.release),
    run,
    env: revision.env,
    secrets: openSecrets(revision, openSecret),
    provisioning: revision.provisioning,
    timeoutMs,
  };
}

/** Null until it is known where it listens. */
function balancerDocument(
  state: InventoryState,
  site: Site,
  machine: MachineRecord,
): BalancerDocument | null {
  const { balancer } = site;
  const host = balancerHost(site, machine);
  if (host === null) return null;
  const listening = site.roles.filter((role) => role.check.kind !== "none");
  return {
    bind: {
      host,
      port: balancer.bind.port ?? state.settings.balancerPort ?? 0,
    },
    connectTimeoutMs: balancer.connectTimeoutMs,
    clientTimeoutMs: balancer.clientTimeoutMs,
    serverTimeoutMs: balancer.serverTimeoutMs,
    keepAliveTimeoutMs: balancer.keepAliveTimeoutMs,
    maintenance: { isOn: state.settings.isMaintenanceOn, page: balancer.maintenancePage },
    pools: [...listening.map((role) => poolDocument(state, role)), ...leavingPools(state, site)],
    routes: site.routes.map(({ host, path, role }) => ({ host, path, pool: role })),
    defaultPool: site.defaultRole,
  };
}

function poolDocument(state: InventoryState, role: Role): PoolDocument {
  const { name, check, traffic } = role;
  const all = [...state.servers.values()];
  const own = all.filter((server) => server.role === name);
  const backup = all.filter((server) => server.role === traffic.backupRole);
  return poolWith(state, { name, check, traffic }, [
    ...own.flatMap((server) => serverDocument(server, traffic, false)),
    ...backup.flatMap((server) => serverDocument(server, traffic, true)),
  ]);
}

function poolWith(
  state: InventoryState,
  { name, check, traffic }: Pick<Role, "name" | "check" | "traffic">,
  servers: readonly ServerDocument[],
): PoolDocument {
  return {
    name,
    balance: traffic.balance,
    check,
    stickyCookie: traffic.stickyCookie,
    stickyKey: state.settings.stickyKey,
    hasQueue: traffic.limit !== null,
    queueTimeoutMs: traffic.queueTimeoutMs,
    drainMs: traffic.drainMs,
    servers: servers.toSorted((a, b) => a.id - b.id),
  };
}

/**
 * A role that left the site file gets no new request, but what its servers have in hand they finish: their
 * pool stays until the last of them has left.
 */
function leavingPools(state: InventoryState, site: Site): readonly PoolDocument[] {
  const known = new Set(site.roles.map((role) => role.name));
  const leaving = new Map<string, ServerRecord[]>();
  for (const server of state.servers.values()) {
    if (known.has(server.role)) continue;
    leaving.set(server.role, [...(leaving.get(server.role) ?? []), server]);
  }
  return [...leaving].flatMap(([name, servers]): readonly PoolDocument[] => {
    const check = state.revisions.get(servers[0]?.revision ?? "")?.check ?? { kind: "none" };
    if (check.kind === "none") return [];
    const traffic = LEAVING_TRAFFIC;
    const listed = servers.flatMap((server) => serverDocument(server, traffic, false));
    return [poolWith(state, { name, check, traffic }, listed)];
  });
}

const LEAVING_TRAFFIC: TrafficSettings = {
  balance: "roundrobin",
  weight: 100,
  stickyCookie: null,
  limit: null,
  queueTimeoutMs: 10_000,
  slowStartMs: 0,
  drainMs: 30_000,
  backupRole: null,
};

function serverDocument(
  server: ServerRecord,
  traffic: TrafficSettings,
  isBackup: boolean,
): readonly ServerDocument[] {
  if (server.state !== "ready" && server.state !== "draining") return [];
  if (server.address === null || server.port === null) return [];
  return [
    {
      id: server.id,
      name: serverName(server),
      address: server.address,
      port: server.port,
      weight: traffic.weight,
      limit: traffic.limit,
      slowStartMs: traffic.slowStartMs,
      isBackup,
      state: server.state === "ready" ? "ready" : "drain",
    },
  ];
}

function openSecrets(
  revision: RevisionRecord,
  openSecret: OpenSecret,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(revision.secrets).map(([name, secret]) => [name, openSecret(secret.sealed)]),
  );
}

function releaseReference(state: InventoryState, id: string): ReleaseReference {
  const release = state.releases.get(id);
  assert(release !== undefined, `release ${id} is not on record`);
  return { id, archiveSha256: release.archiveSha256, bytes: release.bytes };
}

function revisionOf(state: InventoryState, id: string): RevisionRecord {
  const revision = state.revisions.get(id);
  assert(revision !== undefined, `revision ${id} is not on record`);
  return revision;
}
