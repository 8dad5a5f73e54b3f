import { momentOf } from "./moment.ts";
import type { Drill } from "./client.ts";
import { formatDuration } from "./duration.ts";
import { formatCount } from "./figures.ts";
import { hitBy } from "./follow-drill.ts";
import type { Column } from "./table.ts";

const titles = [
  "DRILL",
  "AT",
  "KIND",
  "HIT",
  "NOTICED",
  "REPLACED",
  "WHOLE",
  "PROBES",
  "BALANCER",
  "RESULT",
];

/** One drill per row. */
export const drillColumns: readonly Column[] = titles.map((title) => ({ title, align: "left" }));

export function drillRow(drill: Drill): readonly string[] {
  return [
    String(drill.id),
    momentOf(drill.startedAt),
    drill.kind,
    hitBy(drill),
    time(drill.detectedMs),
    time(drill.replacedMs),
    time(drill.capacityMs),
    count(drill.probes),
    count(drill.balancer),
    drill.state,
  ];
}

function time(ms: number | null): string {
  return ms === null ? "-" : formatDuration(ms);
}

function count(counted: { readonly requests: number; readonly failed: number } | null): string {
  if (counted === null) return "-";
  return `${formatCount(counted.failed)} of ${formatCount(counted.requests)} failed`;
}
