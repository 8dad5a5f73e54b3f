import { applyChanges, emptyInventory } from "../../src/core/changes.ts";
import type { Decision } from "../../src/core/scaling/decision.ts";
import { figuresOf } from "../../src/core/scaling/figures.ts";
import type { Site } from "../../src/core/desired.ts";
import type { BalancerDocument, MachineDocument, ServerDocument } from "../../src/core/document.ts";
import { checkPlan } from "../../src/core/invariants.ts";
import type { Change, InventoryState, RevisionRecord } from "../../src/core/inventory.ts";
import type {
  AgentObservation,
  LimitsObservation,
  LoadSample,
  Observed,
  ProvidedMachine,
} from "../../src/core/observed.ts";
import { plan } from "../../src/core/plan.ts";
import type { Plan } from "../../src/core/action.ts";
import { believed } from "../../src/core/received/believed.ts";
import type {
  AgentReport,
  BalancerReport,
  ProcessReport,
  ServerReport,
} from "../../src/core/report.ts";
import { activeDeploy } from "../../src/core/roster.ts";
import { documentsFor } from "../../src/core/traffic/documents.ts";

const TICK_MS = 100;
const BOOT_MS = 500;
const PROCESS_MS = 300;
const CHECK_MS = 200;
const DRAIN_MS = 300;
/** Each server that is up answers one request in this time. */
const REQUEST_MS = 10;

interface SimProcess {
  readonly id: number;
  readonly revision: string;
  readonly startedAt: number;
}

interface SimMachine {
  readonly name: string;
  readonly role: string;
  readonly bornAt: number;
  isAgentAlive: boolean;
  document: MachineDocument | null;
  readonly processes: Map<number, SimProcess>;
  /** On balancers: when each server was first seen in its present wish. */
  readonly servers: Map<number, SeenServer>;
}

interface SeenServer {
  readonly wish: ServerDocument["state"];
  readonly since: number;
  readonly machine: string;
}

/** A whole site in memory on a clock of its own. Faults are made by changing it between ticks. */
export interface World {
  now: number;
  inventory: InventoryState;
  readonly machines: Map<string, SimMachine>;
  /** Revisions whose processes never become healthy. */
  readonly broken: Set<string>;
  /** Revisions that answer with errors: the share of 5xx among their answers. */
  readonly faulty: Map<string, number>;
  /** What the agents of these machines say instead of the truth. */
  readonly lies: Map<string, (truth: AgentReport) => AgentReport>;
  /** Machines whose servers no balancer sees up. */
  readonly down: Set<string>;
  /** Machines that die the moment they are made. */
  launchFails: (name: string) => boolean;
  /** What each machine was told that it may use. */
  readonly limits: Map<string, LimitsObservation>;
  readonly load: Map<string, LoadSample[]>;
  scaling: ReadonlyMap<string, Decision>;
  readonly log: string[];
  readonly refusals: string[];
  requestsLost: string[];
}

export function createWorld(site: Site): World {
  const world: World = {
    now: 1_000_000,
    inventory: emptyInventory("key"),
    machines: new Map(),
    broken: new Set(),
    faulty: new Map(),
    lies: new Map(),
    down: new Set(),
    launchFails: () => false,
    limits: new Map(),
    load: new Map(),
    scaling: new Map(),
    log: [],
    refusals: [],
    requestsLost: [],
  };
  commit(world, [{ kind: "settings", settings: { ...world.inventory.settings, site } }]);
  return world;
}

export function commit(world: World, changes: readonly Change[]): void {
  world.inventory = applyChanges(world.inventory, changes);
}

/** Puts a release on record and begins its deploy, as the API does. */
export function beginDeploy(world: World, role: string, revision: string): number {
  const { settings, roles } = world.inventory;
  const wanted = settings.site?.roles.find((r) => r.name === role);
  if (wanted === undefined) throw new Error(`no role ${role}`);
  const record: RevisionRecord = {
    id: revision,
    role,
    release: `release-${revision}`,
    run: wanted.run,
    env: {},
    secrets: {},
    check: wanted.check,
    supervision: wanted.supervision,
    provisioning: wanted.provisioning,
    createdAt: world.now,
  };
  const id = settings.nextDeployId;
  const hook = (command: string | null) =>
    ({ state: command === null ? "none" : "waiting", machine: null, lastLines: [] }) as const;
  commit(world, [
    {
      kind: "release",
      release: {
        id: record.release,
        archiveSha256: "0",
        bytes: 1,
        files: 1,
        origin: "test",
        createdAt: world.now,
      },
    },
    { kind: "revision", revision: record },
    { kind: "settings", settings: { ...settings, nextDeployId: id + 1 } },
    {
      kind: "deploy",
      deploy: {
        id,
        state: "running",
        by: "test",
        kind: "deploy",
        changes: [
          {
            role,
            from: roles.get(role)?.revision ?? null,
            to: revision,
            settings: wanted.deploy,
            before: hook(wanted.deploy.before),
            after: hook(wanted.deploy.after),
          },
        ],
        startedAt: world.now,
        finishedAt: null,
        totalsBefore: {},
        requests: null,
        failed: null,
        failure: null,
      },
    },
  ]);
  return id;
}

export function tick(world: World): Plan {
  world.now += TICK_MS;
  for (const machine of world.machines.values()) live(world, machine);
  world.requestsLost.push(...lostRequests(world));
  const observed = observe(world);
  const decided = plan(observed, world.now);
  world.scaling = decided.decisions;
  const { allowed, refused } = checkPlan(observed, decided.actions, world.now);
  for (const { action, violation } of refused) {
    world.refusals.push(
      `${violation.guard}: ${action.kind} ${action.subject}: ${violation.message}`,
    );
  }
  for (const action of allowed) {
    world.log.push(`${action.kind} ${action.subject}: ${action.reason}`);
    commit(world, action.changes);
  }
  for (const { effect } of allowed) {
    if (effect?.kind === "launch") launch(world, effect.machine, effect.role);
    if (effect?.kind === "limits") {
      const { address, limits } = effect;
      const given = { address, limits, state: "given", at: world.now, message: null } as const;
      world.limits.set(effect.machine, given);
    }
    if (effect?.kind === "terminate") world.machines.delete(effect.machine);
  }
  return decided;
}

/** Ticks until the condition holds; fails with the story so far when it never does. */
export function tickUntil(world: World, isDone: () => boolean, what: string, ticksMax = 600): void {
  for (let i = 0; i < ticksMax; i++) {
    if (isDone()) return;
    tick(world);
  }
  throw new Error(`${what}: not within ${ticksMax} ticks\n${world.log.slice(-40).join("\n")}`);
}

/** Ticks until no deploy runs and ten plans in a row want nothing. */
export function settle(world: World, ticksMax = 900): void {
  let quiet = 0;
  tickUntil(
    world,
    () => {
      if (quiet >= 10) return true;
      const isQuiet = tick(world).actions.length === 0 && activeDeploy(world.inventory) === null;
      quiet = isQuiet ? quiet + 1 : 0;
      return false;
    },
    "settles",
    ticksMax,
  );
}

export function servingServers(world: World, role: string): number {
  const balancer = [...world.machines.values()].find((machine) => machine.role === "balancer");
  if (balancer === undefined) return 0;
  return serverReports(world, balancer).filter((s) => s.pool === role && s.state === "up").length;
}

export function revisionsRunning(world: World, role: string): ReadonlySet<string> {
  const revisions = new Set<string>();
  for (const machine of world.machines.values()) {
    if (machine.role !== role) continue;
    for (const process of machine.processes.values()) revisions.add(process.revision);
  }
  return revisions;
}

function launch(world: World, name: string, role: string): void {
  const existing = world.machines.get(name);
  if (existing !== undefined) {
    existing.isAgentAlive = true;
    return;
  }
  if (world.launchFails(name)) return;
  world.machines.set(name, {
    name,
    role,
    bornAt: world.now,
    isAgentAlive: true,
    document: null,
    processes: new Map(),
    servers: new Map(),
  });
}

function hasBooted(world: World, machine: SimMachine): boolean {
  return machine.isAgentAlive && world.now - machine.bornAt >= BOOT_MS;
}

/** One agent's tick: takes its document and converges. */
function live(world: World, machine: SimMachine): void {
  const record = world.inventory.machines.get(machine.name);
  if (!hasBooted(world, machine) || record === undefined) return;
  const document = documentsFor(world.inventory, [record], (sealed) => sealed)[0] ?? null;
  machine.document = document;
  const wanted = new Set(document?.processes.map((process) => process.id));
  for (const id of machine.processes.keys()) if (!wanted.has(id)) machine.processes.delete(id);
  for (const id of wanted) {
    if (machine.processes.has(id)) continue;
    const revision = world.inventory.servers.get(id)?.revision ?? "?";
    machine.processes.set(id, { id, revision, startedAt: world.now });
  }
  if (document?.balancer) balance(world, machine, document.balancer);
}

/** Follows the document's pools. A living server that is cut off before it was drained loses its requests. */
function balance(world: World, machine: SimMachine, document: BalancerDocument): void {
  const servers = document.pools.flatMap((pool) => pool.servers);
  const listed = new Set(servers.map((server) => server.id));
  for (const [id, seen] of machine.servers) {
    if (listed.has(id)) continue;
    machine.servers.delete(id);
    const isDrained = seen.wish === "drain" && world.now - seen.since >= DRAIN_MS;
    const isAlive = world.machines.has(seen.machine) && world.inventory.machines.has(seen.machine);
    if (isAlive && !isDrained) world.requestsLost.push(`${world.now}: server ${id} was cut off`);
  }
  for (const { id, state, name } of servers) {
    if (machine.servers.get(id)?.wish === state) continue;
    const owner = name.slice(0, name.lastIndexOf("."));
    machine.servers.set(id, { wish: state, since: world.now, machine: owner });
  }
}

/** Servers a balancer sends requests to although nobody would answer: only faults may cause that. */
function lostRequests(world: World): string[] {
  const lost: string[] = [];
  for (const balancer of world.machines.values()) {
    if (balancer.role !== "balancer") continue;
    for (const server of serverReports(world, balancer)) {
      if (server.state !== "up" && server.state !== "draining") continue;
      const record = world.inventory.servers.get(server.id);
      const machine = world.machines.get(record?.machine ?? "");
      if (machine !== undefined && !machine.processes.has(server.id)) {
        lost.push(`${world.now}: server ${server.id} is ${server.state} without a process`);
      }
    }
  }
  return lost;
}

function isHealthy(world: World, process: SimProcess): boolean {
  return !world.broken.has(process.revision) && world.now - process.startedAt >= PROCESS_MS;
}

function serverReports(world: World, balancer: SimMachine): readonly ServerReport[] {
  const pools = balancer.document?.balancer?.pools ?? [];
  return pools.flatMap((pool) =>
    pool.servers.map((server): ServerReport => {
      const seen = balancer.servers.get(server.id);
      const age = world.now - (seen?.since ?? world.now);
      const record = world.inventory.servers.get(server.id);
      const process = world.machines.get(record?.machine ?? "")?.processes.get(server.id);
      const isSeen = !world.down.has(record?.machine ?? "") && age >= CHECK_MS;
      const isUp = process !== undefined && isHealthy(world, process) && isSeen;
      const requests = isUp ? Math.floor(age / REQUEST_MS) : 0;
      const faultyShare = world.faulty.get(process?.revision ?? "") ?? 0;
      const leaving = age >= DRAIN_MS ? "drained" : "draining";
      return {
        id: server.id,
        pool: pool.name,
        state: server.state === "drain" ? leaving : isUp ? "up" : "down",
        inFlight: 0,
        queue: 0,
        requestsPerSecond: 0,
        requests,
        responses4xx: 0,
        responses5xx: Math.floor(requests * faultyShare),
        latency: null,
      };
    }),
  );
}

export function observe(world: World): Observed {
  const provided = [...world.machines.values()].map((machine): ProvidedMachine => ({
    name: machine.name,
    address: "127.0.0.2",
    condition: machine.isAgentAlive ? "running" : "agentless",
  }));
  return {
    inventory: world.inventory,
    provider: { at: world.now, machines: new Map(provided.map((m) => [m.name, m])) },
    agents: new Map(
      [...world.machines.values()]
        .filter((machine) => hasBooted(world, machine))
        .map((machine) => [machine.name, agentObservation(world, machine)]),
    ),
    effects: new Map(),
    limits: world.limits,
    watchingSince: 0,
    load: world.load,
    figures: new Map([...world.load].map(([role, samples]) => [role, figuresOf(samples)])),
    scaling: world.scaling,
    earlier: new Map(),
  };
}

function agentObservation(world: World, machine: SimMachine): AgentObservation {
  const report: AgentReport = {
    machine: machine.name,
    bootId: "boot",
    at: world.now,
    generation: machine.document?.generation ?? 0,
    cpu: 0,
    memoryBytes: 0,
    processes: [...machine.processes.values()].map((p) => processReport(world, p)),
    tasks: (machine.document?.tasks ?? []).map((task) => ({
      id: task.id,
      state: task.run.includes("fail") ? "failed" : "done",
      exitCode: task.run.includes("fail") ? 1 : 0,
      lastLines: ["said by the hook"],
    })),
    balancer: machine.role === "balancer" ? balancerReport(world, machine) : null,
  };
  const told = world.lies.get(machine.name)?.(report) ?? report;
  const taken = believed(told, machine.name, world.now);
  return { isConnected: true, since: machine.bornAt, report: taken, reportedAt: world.now };
}

function processReport(world: World, process: SimProcess): ProcessReport {
  const isUp = isHealthy(world, process);
  return {
    id: process.id,
    state: isUp ? "healthy" : "starting",
    since: process.startedAt,
    pid: process.id,
    address: "127.0.0.2",
    port: 20_000 + process.id,
    cpu: 0,
    memoryBytes: 0,
    restarts: 0,
    restartWanted: null,
    problem: isUp ? null : "GET /up: connection refused",
    lastLines: isUp ? [] : ["said by the process"],
  };
}

function balancerReport(world: World, machine: SimMachine): BalancerReport {
  return {
    engine: "simulated",
    pid: 1,
    isServing: true,
    generation: machine.document?.generation ?? 0,
    reloads: 0,
    drift: [],
    problem: null,
    totals: { epoch: "e", requests: 0, failed: 0 },
    pools: [],
    servers: serverReports(world, machine),
  };
}
