import type { Instant } from "../instant.ts";

export const drillKinds = ["machine", "balancer", "controller", "network", "deploy"] as const;
export type DrillKind = (typeof drillKinds)[number];

/** What must come out of a drill. Null: it is told, and not judged. */
export interface DrillGoal {
  /** Of the probes, and of the balancer's own count. */
  readonly failedMax: number | null;
  readonly detectedMs: number | null;
  readonly replacedMs: number | null;
  readonly capacityMs: number | null;
}

export interface RequestCount {
  readonly requests: number;
  readonly failed: number;
}

/** What the drill's own visitors got. */
export interface ProbeCount extends RequestCount {
  /** The longest time from a failure to the next good answer. */
  readonly outageMs: number;
  /** The longest time to a good answer. */
  readonly slowestMs: number;
  /** In words; null without one. */
  readonly firstFailure: string | null;
}

/** By balancer machine and epoch. */
export type TotalsByBalancer = Readonly<Record<string, RequestCount>>;

/** The site as it was hit: what follows is seen by the difference. */
export interface DrillBefore {
  /** Of the role. */
  readonly machines: readonly string[];
  readonly serving: number;
  /** Servers with a lower number were there. */
  readonly nextServerId: number;
  /** Which process the balancer was; null where none is hit. */
  readonly balancerProcess: string | null;
  /** Of the controller that began it. */
  readonly epoch: number;
  readonly totals: TotalsByBalancer;
}

/** When each was first seen; null: not yet, or not part of this kind. */
export interface Milestones {
  readonly detectedAt: Instant | null;
  readonly replacedAt: Instant | null;
  readonly capacityAt: Instant | null;
  /** Of a machine that was cut off. */
  readonly reconnectedAt: Instant | null;
}

/**
 * One drill, running or over. `passed`: every goal was met; `missed`: one was not; `stopped`: it was broken off
 * and says nothing.
 */
export interface DrillRecord {
  readonly id: number;
  readonly kind: DrillKind;
  readonly state: "running" | "passed" | "missed" | "stopped";
  readonly by: string;
  readonly role: string;
  /** The machine that is hit; null where none is. */
  readonly machine: string | null;
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly goal: DrillGoal;
  /** How long the machine is cut off; null for other kinds. */
  readonly cutMs: number | null;
  /** Who carries on for a controller that is killed; null for other kinds. */
  readonly successor: "standby" | "starter" | null;
  /** Without full capacity by then it has missed, whatever the goal. */
  readonly limitMs: number;
  readonly before: DrillBefore;
  readonly milestones: Milestones;
  readonly probes: ProbeCount | null;
  /** By the balancers' own count; null until the end. */
  readonly balancer: RequestCount | null;
  /** Goals that were missed, or why it was stopped. */
  readonly shortfalls: readonly string[];
}
