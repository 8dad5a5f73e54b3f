import { limitsOf } from "../core/machines/limits.ts";
import type { Observed } from "../core/observed.ts";

/** Means over a role's machines; `memory` only where machines have a limit of it. */
export interface Usage {
  /** Share of what a machine has: of its limit, else of one core. */
  readonly cpu: number;
  readonly memory?: number;
  readonly processes: number;
}

/** What the machines of each role say of themselves; those that are silent are left out. */
export function usageByRole({ inventory, agents }: Observed): ReadonlyMap<string, Usage> {
  const { site } = inventory.settings;
  const sums = new Map<
    string,
    { cpu: number; memory: number; processes: number; machines: number }
  >();
  if (site === null) return new Map();
  for (const { name, role } of inventory.machines.values()) {
    const agent = agents.get(name);
    if (agent?.isConnected !== true || agent.report === null) continue;
    const { cpu, memoryBytes, processes } = agent.report;
    const { cpuMax, memoryBytesMax } = limitsOf(site, role);
    const sum = sums.get(role) ?? { cpu: 0, memory: 0, processes: 0, machines: 0 };
    sum.cpu += cpu / (cpuMax ?? 1);
    sum.memory += memoryBytesMax === null ? Number.NaN : memoryBytes / memoryBytesMax;
    sum.processes += processes.length;
    sum.machines += 1;
    sums.set(role, sum);
  }
  return new Map(
    [...sums].map(([role, { cpu, memory, processes, machines }]): [string, Usage] => [
      role,
      {
        cpu: cpu / machines,
        processes: processes / machines,
        ...(Number.isNaN(memory) ? {} : { memory: memory / machines }),
      },
    ]),
  );
}
