import { desiredRoles } from "../../src/core/roles.ts";
import type {
  Change,
  InventoryState,
  MachineRecord,
  ServerRecord,
  SiteEvent,
} from "../../src/core/inventory.ts";
import { activeDeploy } from "../../src/core/roster.ts";
import { limitsOf } from "../../src/core/machines/limits.ts";
import { isHere, serverName } from "../../src/core/rollout/servers.ts";
import { documentsFor } from "../../src/core/traffic/documents.ts";
import { isUp } from "./balancer.ts";
import type { EngineServer } from "./balancer.ts";
import { MEMORY_BYTES_MAX, seal } from "./workload.ts";
import { isAnswering } from "./machine.ts";
import type { SimMachine, SimProcess } from "./machine.ts";
import { wordsOf } from "./network.ts";
import type { Post } from "./network.ts";

/** What must never be so, whatever goes wrong: looked at from outside, where nothing is hidden. */
export interface Safety {
  readonly violations: string[];
  onCommit(changes: readonly Change[], events: readonly SiteEvent[]): void;
  onLaunch(name: string): void;
  onTerminate(machine: SimMachine): void;
  /** An agent has begun a command that is run once. */
  onTask(machine: SimMachine, process: SimProcess): void;
  onStop(machine: SimMachine, process: SimProcess): void;
  /** An agent acts on the document of this generation. */
  onAct(machine: SimMachine, generation: number): void;
  onCut(server: EngineServer): void;
  /** After each tick of the leader: what is on record, and what each machine was told last. */
  onTick(state: InventoryState, told: Post["told"]): void;
  /** After each moment. */
  look(): void;
}

export interface SafetyView {
  readonly now: () => number;
  readonly machines: ReadonlyMap<string, SimMachine>;
  readonly state: () => InventoryState;
  readonly isHeard: (machine: string) => boolean;
  readonly silentMs: (machine: string) => number;
  readonly doubtedAt: (machine: string) => number;
  readonly limitedAt: (machine: string) => number;
  readonly note: (text: string) => void;
}

/** Two instances, each of them worn, deployed and reverted at once. */
const SERVERS_MAX = 8;
/** Less than what the controller waits for before it gives a silent machine up. */
const PATIENCE_MS = 10_000;
/** A leader that has not ended a tick for this long may not have led meanwhile. */
const LEADERLESS_MS = 3_000;
/** What was refused is asked for again each second: by an agent of its balancer, by the leader of the provider. */
const ASK_AGAIN_MS = 4_000;

export function createSafety(view: SafetyView): Safety {
  const violations: string[] = [];
  const { now, machines, state, note } = view;
  const violate = (text: string): void => {
    violations.push(text);
    note(`VIOLATION ${text}`);
  };
  /** Balancers that visitors reach: on record and not being given back. */
  const engines = () =>
    [...machines.values()].filter(
      (machine) =>
        machine.engine?.isRunning === true &&
        ["launching", "running", "draining"].includes(
          state().machines.get(machine.name)?.state ?? "gone",
        ),
    );
  const isGoingDown = (): boolean => state().settings.phase === "down";

  /** A process that answers is about to end, by our doing: nobody may be sent to it any more. */
  const checkUnused = (machine: SimMachine, process: SimProcess, why: string): void => {
    if (process.port === null || !isAnswering(process, now()) || isGoingDown()) return;
    // Above the limit that the site file sets, its own agent may end it when nobody else replaces it.
    if (process.memoryBytes > MEMORY_BYTES_MAX) return;
    for (const { name, engine } of engines()) {
      for (const server of engine?.servers.values() ?? []) {
        const { address, port } = server.document;
        if (address !== machine.address || port !== process.port || !isUp(server, now())) continue;
        if (server.drainedAt !== null && now() >= server.drainedAt) continue;
        const how = server.drainedAt === null ? "sends requests to it" : "waits for its answers";
        violate(`${process.name} is ended (${why}) while ${name} ${how}`);
      }
    }
  };

  /** An agent ends only what its document does not name, or what does not do its work. */
  const checkUnwanted = ({ disk }: SimMachine, process: SimProcess): void => {
    const isWanted = disk.document?.processes.some(({ name }) => name === process.name) === true;
    if (!isWanted || process.memoryBytes > MEMORY_BYTES_MAX) return;
    if (isAnswering(process, now()))
      violate(`${process.name} is ended while its document wants it`);
  };

  /** A machine that is there is forgotten: it was silent for long, or a listing did not show it alive. */
  const checkGone = (name: string): void => {
    const isSilent = view.silentMs(name) > PATIENCE_MS;
    const isDoubted = now() - view.doubtedAt(name) < PATIENCE_MS;
    if (machines.has(name) && !isSilent && !isDoubted)
      violate(`${name} is forgotten while it lives`);
  };

  /** Names are never used again: what was once done about one must not be done to another. */
  const named = new Map<string, number>();
  const checkNewName = ({ name, createdAt }: MachineRecord): void => {
    if ((named.get(name) ?? createdAt) !== createdAt) violate(`a second machine is called ${name}`);
    named.set(name, createdAt);
  };

  /** Each server's state as it was on record before. */
  const former = new Map<number, ServerRecord["state"]>();
  /** As they are after a commit. */
  const checkDrained = (written: ReadonlyMap<number, ServerRecord>): void => {
    for (const { id, state: now } of written.values()) {
      const isSkipped = former.get(id) === "ready" && now === "stopping" && !isGoingDown();
      if (isSkipped) violate(`server ${id} is stopped before its drain is on record`);
      former.set(id, now);
    }
  };

  const checkCrowd = (machine: string): void => {
    const own = [...state().servers.values()].filter((server) => server.machine === machine);
    if (own.length > SERVERS_MAX) violate(`${machine} has ${own.length} servers`);
    const twins = Map.groupBy(own.filter(isHere), (it) => `${it.instance} of ${it.revision}`);
    for (const [what, { length }] of twins) {
      if (length > 2) violate(`${machine} has ${length} servers for instance ${what}`);
    }
  };

  /** Since when each machine's agent could have asked its balancer again. */
  const refusals = new Map<string, number>();
  const checkAskedAgain = ({ name, agent, engine }: SimMachine): void => {
    const isOwed = engine !== null && engine.refusedAt !== null;
    if (!isOwed || agent === null || agent.isFrozen) return void refusals.delete(name);
    const since = refusals.get(name) ?? now();
    refusals.set(name, since);
    if (now() - since > ASK_AGAIN_MS) violate(`${name}'s balancer refused and is not asked again`);
  };

  /** Since when each server could be found at another address than the balancers have. */
  const misplaced = new Map<number, number>();
  const checkPlaces = (record: InventoryState): void => {
    for (const server of record.servers.values()) {
      const { id, state, address, machine } = server;
      const real = machines.get(machine);
      const name = serverName(server);
      const found = [...(real?.processes.values() ?? [])].find((it) => it.name === name);
      const isFound =
        state === "ready" &&
        record.machines.get(machine)?.address === real?.address &&
        found !== undefined &&
        isAnswering(found, now()) &&
        view.isHeard(machine);
      if (!isFound || address === real?.address) misplaced.delete(id);
      else if (now() - (misplaced.get(id) ?? now()) > PATIENCE_MS)
        violate(`requests for ${name} go to ${address}, where it is no more`);
      else misplaced.set(id, misplaced.get(id) ?? now());
    }
  };

  /** Since when each machine may use what the site file does not say. */
  const unlimited = new Map<string, number>();
  const checkLimits = ({ machines: records, settings }: InventoryState): void => {
    for (const { name, role, state, address } of records.values()) {
      const real = machines.get(name);
      const { cpuMax } = limitsOf(settings.site, role);
      // One that was made anew is known to be so by its address.
      const isKnown = state === "running" && real !== undefined && real.address === address;
      const isOwed = isKnown && real.limits.cpuMax !== cpuMax;
      if (!isOwed) unlimited.delete(name);
      else unlimited.set(name, unlimited.get(name) ?? now());
      const since = Math.max(unlimited.get(name) ?? Infinity, view.limitedAt(name));
      if (now() - since > ASK_AGAIN_MS)
        violate(`${name} is not told that it may use ${cpuMax} cores`);
    }
  };

  /** Where each command that is run once began last. */
  const begun = new Map<string, SimMachine>();

  /** Since when each command on record as running could be known to have lost its machine. */
  const waiting = new Map<number, number>();
  const checkOneOffs = (record: InventoryState): void => {
    for (const { id, state, machine } of record.oneOffs.values()) {
      if (state !== "running" || record.machines.has(machine)) waiting.delete(id);
      else if (now() - (waiting.get(id) ?? now()) > ASK_AGAIN_MS)
        violate(`run ${id} is on record as running on ${machine}, which is gone`);
      else waiting.set(id, waiting.get(id) ?? now());
    }
  };

  let tickedAt = -Infinity;
  let lastTold: InventoryState | null = null;

  return {
    violations,
    onCommit(changes, events) {
      const servers = changes.flatMap((change) =>
        change.kind === "server" ? [change.server] : [],
      );
      checkDrained(new Map(servers.map((server) => [server.id, server])));
      for (const change of changes) {
        if (change.kind === "machine") checkNewName(change.machine);
        if (change.kind === "machine-gone") checkGone(change.name);
        if (change.kind === "server") checkCrowd(change.server.machine);
      }
      for (const { kind, subject, reason } of events) {
        note(`${kind} ${subject}: ${reason}`);
        if (kind === "guard") violate(`a guard had to stop a plan: ${subject}: ${reason}`);
        if (reason.trim() === "") violate(`${kind} ${subject} has no reason`);
      }
    },
    onLaunch(name) {
      if (!state().machines.has(name)) violate(`${name} is launched before it is on record`);
    },
    onTerminate(machine) {
      const record = state().machines.get(machine.name);
      // Off the record or silent: it was given up as dead, and what is left of it ends.
      if (record === undefined || machine.agent === null) return;
      for (const process of machine.processes.values()) checkUnused(machine, process, "terminate");
    },
    onTask(machine, process) {
      const id = process.name.replace(`${machine.name}.task-`, "");
      const where = begun.get(id) ?? machine;
      begun.set(id, machine);
      if (where === machine ? machine.begun.has(id) : where.name !== machine.name)
        violate(`${id} is begun a second time, on ${machine.name}`);
      machine.begun.add(id);
    },
    onStop(machine, process) {
      checkUnused(machine, process, "stop");
      checkUnwanted(machine, process);
    },
    onAct({ name, agent, disk }, generation) {
      const kept = disk.document?.generation ?? 0;
      if (agent === null || generation <= kept) return;
      violate(`${name} acts on document ${generation} and would come back to ${kept}`);
    },
    onCut(server) {
      const { address, port, id, name } = server.document;
      const machine = [...machines.values()].find((m) => m.address === address);
      const process = [...(machine?.processes.values() ?? [])].find((p) => p.port === port);
      if (machine === undefined || process === undefined || isGoingDown()) return;
      // A machine that is silent may be given up as dead; one that speaks may not.
      const isGivenUp = !state().machines.has(machine.name) && !view.isHeard(machine.name);
      if (!isAnswering(process, now()) || isGivenUp) return;
      if (server.drainedAt !== null && now() >= server.drainedAt) return;
      if (isUp(server, now())) violate(`server ${id} (${name}) is cut off with requests in it`);
    },
    onTick(record, told) {
      // While nobody leads, nobody can do anything about it.
      if (now() - tickedAt > LEADERLESS_MS) {
        misplaced.clear();
        unlimited.clear();
        waiting.clear();
      }
      tickedAt = now();
      checkPlaces(record);
      checkLimits(record);
      checkOneOffs(record);
      if (record === lastTold) return;
      lastTold = record;
      for (const document of documentsFor(record, [...record.machines.values()], seal.open)) {
        if (told(document.machine) === wordsOf(document)) continue;
        violate(`${document.machine} is not told what is on record for it`);
      }
    },
    look() {
      for (const machine of machines.values()) {
        checkAskedAgain(machine);
        const generation = machine.disk.document?.generation ?? 0;
        if (generation < machine.lastGeneration) {
          violate(`${machine.name} went back to document ${generation}`);
        }
        machine.lastGeneration = generation;
        const names = [...machine.processes.values()].map((process) => process.name);
        if (new Set(names).size < names.length) {
          violate(`${machine.name} runs one server twice: ${names.join(", ")}`);
        }
      }
    },
  };
}

/** Why the site is not yet as it should be; null: it is. */
export function whatIsLeft(view: SafetyView): string | null {
  const { machines, state, now } = view;
  const record = state();
  const deploy = activeDeploy(record);
  if (deploy !== null) return `deploy ${deploy.id} is ${deploy.state}`;
  const oneOff = [...record.oneOffs.values()].find(({ state }) => state === "running");
  if (oneOff !== undefined) return `run ${oneOff.id} on ${oneOff.machine} has not ended`;
  const strange = [...machines.keys()].find((name) => !record.machines.has(name));
  if (strange !== undefined) return `${strange} is an orphan`;
  for (const machine of record.machines.values()) {
    const real = machines.get(machine.name);
    if (real === undefined) return `${machine.name} is on record and does not exist`;
    if (real.agent === null) return `${machine.name} has no agent`;
    if (machine.state !== "running") return `${machine.name} is ${machine.state}`;
    const { cpuMax } = limitsOf(record.settings.site, machine.role);
    if (real.limits.cpuMax !== cpuMax) {
      return `${machine.name} may use ${real.limits.cpuMax} cores, not ${cpuMax}`;
    }
  }
  for (const role of desiredRoles(record, now())) {
    const own = [...record.machines.values()].filter((m) => m.role === role.name);
    if (own.length !== role.target) {
      return `${role.name} has ${own.length} machines of ${role.target}`;
    }
    const servers = [...record.servers.values()].filter((s) => s.role === role.name);
    if (role.role !== null && servers.length !== role.target * role.instances) {
      return `${role.name} has ${servers.length} servers of ${role.target * role.instances}`;
    }
    const wrong = servers.find((s) => s.state !== "ready" || s.revision !== role.record.revision);
    if (wrong !== undefined) return `server ${wrong.id} is ${wrong.state} with ${wrong.revision}`;
  }
  return trafficLeft(view);
}

function trafficLeft({ machines, state, now }: SafetyView): string | null {
  const servers = state().servers;
  for (const machine of machines.values()) {
    const wanted = [...servers.values()].filter((server) => server.machine === machine.name);
    if (machine.processes.size !== wanted.length) {
      return `${machine.name} runs ${machine.processes.size} processes of ${wanted.length}`;
    }
    if (machine.engine === null) continue;
    if (!machine.engine.isRunning) return `${machine.name} does not serve`;
    for (const id of servers.keys()) {
      const server = machine.engine.servers.get(id);
      if (server === undefined) return `${machine.name} does not know server ${id}`;
      if (!isUp(server, now()) || server.drainedAt !== null)
        return `${machine.name} does not use server ${id}`;
    }
    if (machine.engine.servers.size !== servers.size)
      return `${machine.name} knows too many servers`;
  }
  return null;
}
