/** One plan over a steady site of 100, 1,000 and 10,000 machines: milliseconds and megabytes. */
import { applyChanges, emptyInventory } from "../src/core/changes.ts";
import { checkPlan } from "../src/core/invariants.ts";
import type { AgentObservation, Observed } from "../src/core/observed.ts";
import { plan } from "../src/core/plan.ts";
import type { AgentReport } from "../src/core/report.ts";
import { machine, percentile } from "./report.ts";
import { aReport, aServerReport, namesOf, steadyChanges } from "./steady-site.ts";

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
  const names = namesOf(count);
  const inventory = applyChanges(emptyInventory("key"), steadyChanges(count));
  const servers = [...inventory.servers.values()].map(aServerReport);
  const agents = new Map<string, AgentObservation>([
    ["lb-1", seen(aReport("lb-1", [], servers, NOW))],
    ...names.map((name, index): [string, AgentObservation] => [
      name,
      seen(aReport(name, [index + 1], null, NOW)),
    ]),
  ]);
  const machines = new Map(
    [...inventory.machines.values()].map(({ name, address }) => [
      name,
      { name, address: address ?? "", condition: "running" as const },
    ]),
  );
  return {
    inventory,
    provider: { at: NOW, machines },
    agents,
    effects: new Map(),
    limits: new Map(),
    watchingSince: 0,
    load: new Map(),
    figures: new Map(),
    scaling: new Map(),
    earlier: new Map(),
  };
}

function seen(report: AgentReport): AgentObservation {
  return { isConnected: true, since: 0, report, reportedAt: NOW };
}
