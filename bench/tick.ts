/** One plan over a steady site of 100, 1,000 and 10,000 machines: milliseconds and megabytes. */
import { applyChanges, emptyInventory } from "../src/core/changes.ts";
import { checkPlan } from "../src/core/invariants.ts";
import type { Change, MachineRecord, ServerRecord } from "../src/core/inventory.ts";
import type { AgentObservation, Observed } from "../src/core/observed.ts";
import { plan } from "../src/core/plan.ts";
import type { AgentReport, ServerReport } from "../src/core/report.ts";
import { aRole, aSite } from "../test/sim/site.ts";
import { machine, percentile } from "./report.ts";

const NOW = 1_800_000_000_000;
const RUNS = 30;

export function run(): Promise<object> {
  const sizes = [100, 1_000, 10_000].map((machines) => {
    const observed = steadySite(machines);
    const times: number[] = [];
    let actions = 0;
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < RUNS; i++) {
      const started = performance.now();
      const decided = plan(observed, NOW);
      checkPlan(observed, decided.actions, NOW);
      times.push(performance.now() - started);
      actions += decided.actions.length;
    }
    if (actions > 0) throw new Error(`a steady site needs no action, got ${actions}`);
    const grownMb = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    return {
      machines,
      ms: Number(percentile(times, 0.5).toFixed(2)),
      msMax: Number(Math.max(...times).toFixed(2)),
      heapMb: Number((process.memoryUsage().heapUsed / 2 ** 20).toFixed(0)),
      grownMb: Number(grownMb.toFixed(1)),
    };
  });
  return Promise.resolve({ bench: "tick", sizes, ...machine() });
}

function steadySite(count: number): Observed {
  const role = aRole("web", { machines: { min: count, max: count } });
  const names = Array.from({ length: count }, (_, index) => `web-${index + 1}`);
  const empty = emptyInventory("key");
  const changes: readonly Change[] = [
    {
      kind: "settings",
      settings: { ...empty.settings, site: aSite([role]), nextServerId: count + 1 },
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
      },
    },
    {
      kind: "revision",
      revision: { ...role, id: "r1", role: "web", release: "x", secrets: {}, createdAt: 0 },
    },
    { kind: "machine", machine: aMachine("lb-1", "balancer", 1) },
    ...names.map((name, index): Change => ({
      kind: "machine",
      machine: aMachine(name, "web", index + 1),
    })),
    ...names.map((name, index): Change => ({ kind: "server", server: aServer(index + 1, name) })),
  ];
  const inventory = applyChanges(empty, changes);
  const agents = new Map<string, AgentObservation>([
    ["lb-1", seen(aReport("lb-1", [], [...inventory.servers.values()].map(aServerReport)))],
    ...names.map((name, index): [string, AgentObservation] => [
      name,
      seen(aReport(name, [index + 1], null)),
    ]),
  ]);
  const machines = new Map(
    ["lb-1", ...names].map((name) => [
      name,
      { name, address: "127.0.0.2", condition: "running" as const },
    ]),
  );
  return {
    inventory,
    provider: { at: NOW, machines },
    agents,
    effects: new Map(),
    watchingSince: 0,
    load: new Map(),
  };
}

function aMachine(name: string, role: string, number: number): MachineRecord {
  return {
    name,
    role,
    number,
    provider: "local",
    state: "running",
    stateAt: 0,
    createdAt: 0,
    address: "127.0.0.2",
    calledHomeAt: 1,
    reason: "test",
    mark: null,
  };
}

function aServer(id: number, machineName: string): ServerRecord {
  return {
    id,
    machine: machineName,
    role: "web",
    instance: 0,
    revision: "r1",
    state: "ready",
    stateAt: 0,
    createdAt: 0,
    address: "127.0.0.2",
    port: 20_000,
    reason: "test",
  };
}

function aServerReport(server: ServerRecord): ServerReport {
  return {
    id: server.id,
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

function aReport(
  name: string,
  processes: readonly number[],
  servers: readonly ServerReport[] | null,
): AgentReport {
  return {
    machine: name,
    bootId: "b",
    at: NOW,
    generation: 1,
    cpu: 0,
    memoryBytes: 0,
    tasks: [],
    processes: processes.map((id) => ({
      id,
      state: "healthy",
      since: 0,
      pid: id,
      address: "127.0.0.2",
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

function seen(report: AgentReport): AgentObservation {
  return { isConnected: true, since: 0, report, reportedAt: NOW };
}
