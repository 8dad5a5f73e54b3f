import type { Outcome } from "../commands/outcome.ts";
import type { Instant } from "../instant.ts";
import { describeFault, subjectOf } from "./decide.ts";
import type {
  DrillGoal,
  DrillRecord,
  Milestones,
  ProbeCount,
  RequestCount,
  TotalsByBalancer,
} from "./record.ts";

/** What is known when a drill ends. */
export interface DrillEnd {
  /** Null: nobody probed. */
  readonly probes: ProbeCount | null;
  /** The last that was seen of each balancer, those that died included. */
  readonly totals: TotalsByBalancer;
  /** Why it is broken off; null when it is over. */
  readonly stopped: string | null;
}

/** Holds the figures against the goals. */
export function judgeDrill(drill: DrillRecord, end: DrillEnd, now: Instant): DrillRecord {
  const { probes, stopped } = end;
  const balancer = countBetween(drill.before.totals, end.totals);
  const over = { ...drill, finishedAt: now, probes, balancer };
  if (stopped !== null) return { ...over, state: "stopped", shortfalls: [stopped] };
  const shortfalls = [...missedCounts(over), ...missedTimes(over)];
  return { ...over, state: shortfalls.length === 0 ? "passed" : "missed", shortfalls };
}

/** Its end on record. */
export function endDrill(drill: DrillRecord): Outcome {
  const reason = `drill ${drill.id} ${drill.state}: ${describeDrill(drill)}`;
  const event = { kind: "drill", subject: subjectOf(drill), reason };
  return { kind: "done", changes: [{ kind: "drill", drill }], event, deploy: null };
}

/** The later of two looks at each balancer: what died keeps what it had counted last. */
export function laterTotals(known: TotalsByBalancer, seen: TotalsByBalancer): TotalsByBalancer {
  return { ...known, ...seen };
}

/** The whole story in one sentence. */
export function describeDrill(drill: DrillRecord): string {
  const times = milestoneTimes(drill);
  const parts = [
    describeFault(drill),
    ...(times.detectedMs === null ? [] : [`noticed after ${seconds(times.detectedMs)}`]),
    ...(times.replacedMs === null ? [] : [`${stepIn(drill)} after ${seconds(times.replacedMs)}`]),
    ...(times.capacityMs === null ? [] : [`whole again after ${seconds(times.capacityMs)}`]),
    ...(drill.probes === null ? [] : [`${describeCount(drill.probes)} probes`]),
    ...(drill.balancer === null
      ? []
      : [`${describeCount(drill.balancer)} requests by the balancer's count`]),
  ];
  const why = drill.shortfalls.length === 0 ? "" : `; ${drill.shortfalls.join("; ")}`;
  return `${parts.join(", ")}${why}`;
}

/** Since the fault. */
export function milestoneTimes(
  drill: DrillRecord,
): Readonly<Record<"detectedMs" | "replacedMs" | "capacityMs" | "reconnectedMs", number | null>> {
  const since = (name: keyof Milestones): number | null => {
    const at = drill.milestones[name];
    return at === null ? null : at - drill.startedAt;
  };
  return {
    detectedMs: since("detectedAt"),
    replacedMs: since("replacedAt"),
    capacityMs: since("capacityAt"),
    reconnectedMs: since("reconnectedAt"),
  };
}

function stepIn({ kind }: DrillRecord): string {
  switch (kind) {
    case "machine":
      return "another served";
    case "balancer":
      return "it was back";
    case "controller":
      return "its successor acted";
    case "network":
      return "as many served as before";
    case "deploy":
      return "the first new server took requests";
  }
}

function countBetween(before: TotalsByBalancer, after: TotalsByBalancer): RequestCount {
  let [requests, failed] = [0, 0];
  for (const [key, totals] of Object.entries(after)) {
    requests += totals.requests - (before[key]?.requests ?? 0);
    failed += totals.failed - (before[key]?.failed ?? 0);
  }
  return { requests, failed };
}

function missedCounts({ goal, probes, balancer }: DrillRecord): readonly string[] {
  const { failedMax } = goal;
  if (failedMax === null) return [];
  const missed: string[] = [];
  if (probes !== null && probes.failed > failedMax) {
    const first = probes.firstFailure === null ? "" : `, the first: ${probes.firstFailure}`;
    missed.push(`${probes.failed} of the probes failed where ${failedMax} may${first}`);
  }
  if (balancer !== null && balancer.failed > failedMax) {
    missed.push(`the balancer counted ${balancer.failed} failed requests where ${failedMax} may`);
  }
  return missed;
}

const names = {
  detectedMs: "noticed",
  replacedMs: "replaced",
  capacityMs: "whole again",
} as const;

function missedTimes(drill: DrillRecord): readonly string[] {
  const times = milestoneTimes(drill);
  if (times.capacityMs === null) {
    return [`it was not whole again within ${seconds(drill.limitMs)}`];
  }
  return (Object.keys(names) as (keyof typeof names)[]).flatMap((key) => {
    const limit = limitOf(drill.goal, key);
    const took = times[key];
    // What was never seen to be missing needed no replacement.
    if (limit === null || took === null || took <= limit) return [];
    return [`it was ${names[key]} after ${seconds(took)} where ${seconds(limit)} are allowed`];
  });
}

function limitOf(goal: DrillGoal, key: keyof typeof names): number | null {
  return goal[key];
}

function describeCount({ requests, failed }: RequestCount): string {
  return `${failed} failed of ${requests}`;
}

function seconds(ms: number): string {
  return ms < 100 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}
