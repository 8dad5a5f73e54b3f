import type { Random } from "./random.ts";

/** What can go wrong, and how often a chance to go wrong is taken while faults are on. */
const faultShares = {
  "provider launch is slow": 0.1,
  "provider launch fails": 0.06,
  "provider launch never answers": 0.03,
  "provider has no capacity": 0.06,
  "provider launch answer is lost": 0.06,
  "provider launch is carried out twice": 0.05,
  "provider shows a machine late": 0.1,
  "provider limit is refused": 0.35,
  "provider limit answer is lost": 0.06,
  "provider limit never answers": 0.02,
  "provider terminate fails": 0.08,
  "provider terminate answer is lost": 0.08,
  "provider terminate never answers": 0.02,
  "provider list fails": 0.06,
  "provider list never answers": 0.015,
  "provider list misses one": 0.04,
  "provider list is slow": 0.06,
  "machine vanishes": 0.008,
  "balancer's machine vanishes": 0.015,
  "machine comes back elsewhere": 0.006,
  "machine freezes": 0.008,
  "network delays": 0.04,
  "network cuts a connection": 0.02,
  "network parts a machine": 0.012,
  "network delivers what a former connection said": 0.2,
  "agent dies at a step": 0.0005,
  "agent dies": 0.015,
  "agent dies as it begins a process": 0.03,
  "agent freezes": 0.015,
  "agent's clock jumps": 0.01,
  "agent's disk is full": 0.06,
  "agent's disk is slow": 0.06,
  "process dies": 0.04,
  "process gets unhealthy": 0.012,
  "process starts slowly": 0.15,
  "process grows": 0.008,
  "release cannot be fetched": 0.05,
  "balancer refuses": 0.08,
  "balancer is slow": 0.08,
  "balancer dies": 0.03,
  "balancer drifts": 0.03,
  "database does not answer": 0.02,
  "database answers late": 0.05,
  "inventory is full": 0.03,
  "inventory is slow": 0.05,
  "inventory commits without an answer": 0.02,
  "inventory answers late": 0.02,
  "controller dies at a step": 0.005,
  "controller freezes": 0.015,
  "controller's clock jumps": 0.02,
} as const;

export type FaultKind = keyof typeof faultShares;

export const faultKinds = Object.keys(faultShares) as readonly FaultKind[];

/** Decides, from the seed alone, when something goes wrong, and counts it. */
export interface Faults {
  isOn: boolean;
  /** Whether the fault happens at this chance. */
  strikes(kind: FaultKind): boolean;
  readonly counts: Map<FaultKind, number>;
}

export function createFaults(random: Random, allowed: ReadonlySet<FaultKind>): Faults {
  const streams = new Map(faultKinds.map((kind) => [kind, random.fork(kind)]));
  const counts = new Map<FaultKind, number>();
  const faults: Faults = {
    isOn: false,
    counts,
    strikes(kind) {
      if (!faults.isOn || !allowed.has(kind)) return false;
      if (streams.get(kind)?.chance(faultShares[kind]) !== true) return false;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return true;
    },
  };
  return faults;
}
