/** A site at rest, of any size: what is on record of it, and what its agents report. */
import { emptyInventory } from "../src/core/changes.ts";
import type { Change, MachineRecord, ServerRecord } from "../src/core/inventory.ts";
import type { AgentReport, ServerReport } from "../src/core/report.ts";
import { aRole, aSite } from "../test/sim/site.ts";

/** One balancer, and this many machines with a server each. Server 1 is on web-1, and so on. */
export function steadyChanges(count: number): readonly Change[] {
  const role = aRole("web", { machines: { min: count, max: count } });
  const empty = emptyInventory("key");
  const names = namesOf(count);
  return [
    {
      kind: "settings",
      settings: {
        ...empty.settings,
        site: aSite([role]),
        balancerPort: 8080,
        nextServerId: count + 1,
      },
    },
    {
      kind: "role",
      role: {
        role: "web",
        target: count,
        targetReason: "test",
        targetAt: 0,
        pin: null,
        revision: "r1",
        nextMachineNumber: count + 1,
        bootsMs: [],
        spendTold: null,
      },
    },
    {
      kind: "release",
      release: {
        id: RELEASE,
        archiveSha256: "0".repeat(64),
        bytes: 1,
        files: 1,
        origin: "test",
        createdAt: 0,
      },
    },
    {
      kind: "revision",
      revision: { ...role, id: "r1", role: "web", release: RELEASE, secrets: {}, createdAt: 0 },
    },
    { kind: "machine", machine: aMachine("lb-1", "balancer", 0) },
    ...names.map((name, index): Change => ({
      kind: "machine",
      machine: aMachine(name, "web", index + 1),
    })),
    ...names.map((name, index): Change => ({ kind: "server", server: aServer(index + 1, name) })),
  ];
}

const RELEASE = "0123456789ab";

export function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `web-${index + 1}`);
}

/** No two machines have the same. */
function addressOf(number: number): string {
  return `127.1.${number >> 8}.${number & 255}`;
}

export function aMachine(name: string, role: string, number: number): MachineRecord {
  return {
    name,
    role,
    number,
    provider: "local",
    state: "running",
    stateAt: 0,
    createdAt: 0,
    address: addressOf(number),
    calledHomeAt: 1,
    type: null,
    launchedAt: 1,
    servingAt: 1,
    reason: "test",
    mark: null,
  };
}

export function aServer(id: number, machineName: string): ServerRecord {
  return {
    id,
    machine: machineName,
    role: "web",
    instance: 0,
    revision: "r1",
    state: "ready",
    stateAt: 0,
    createdAt: 0,
    address: addressOf(id),
    port: 20_000,
    reason: "test",
  };
}

export function aServerReport({ id }: { readonly id: number }): ServerReport {
  return {
    id,
    pool: "web",
    state: "up",
    inFlight: 0,
    queue: 0,
    requestsPerSecond: 0,
    requests: 0,
    responses4xx: 0,
    responses5xx: 0,
    latency: null,
  };
}

export function aReport(
  name: string,
  processes: readonly number[],
  servers: readonly ServerReport[] | null,
  now: number,
): AgentReport {
  return {
    machine: name,
    bootId: "b",
    at: now,
    generation: 1,
    cpu: 0,
    memoryBytes: 0,
    tasks: [],
    processes: processes.map((id) => ({
      id,
      state: "healthy",
      since: 0,
      pid: id,
      address: addressOf(id),
      port: 20_000,
      cpu: 0,
      memoryBytes: 0,
      restarts: 0,
      restartWanted: null,
      problem: null,
      lastLines: [],
    })),
    balancer:
      servers === null
        ? null
        : {
            engine: "test",
            pid: 1,
            isServing: true,
            generation: 1,
            reloads: 0,
            drift: [],
            problem: null,
            totals: { epoch: "e", requests: 0, failed: 0 },
            pools: [],
            servers,
          },
  };
}
