import type { DrillGoal, DrillKind } from "../core/drills/record.ts";
import { usageError } from "./cli-error.ts";
import { parseDuration } from "./duration.ts";

const FAILED_MAX = 1_000_000_000;

/** What each kind of drill must come to when nobody says otherwise. A balancer that dies takes requests with it. */
const goals: Readonly<Record<DrillKind, DrillGoal>> = {
  machine: goal(0, 30_000),
  balancer: goal(null, 5_000),
  controller: goal(0, 15_000),
  network: goal(0, 60_000),
  deploy: goal(0, 60_000),
};

function goal(failedMax: number | null, replacedMs: number): DrillGoal {
  return { failedMax, detectedMs: null, replacedMs, capacityMs: null };
}

/** The kind's goal, with what was said: `failed=0,noticed=5s,replaced=30s,whole=1m`, each also `any`. */
export function readGoal(kind: DrillKind, text: string | null): DrillGoal {
  const said = (text ?? "").split(",").filter((part) => part.trim() !== "");
  return said.reduce((so, part) => withPart(so, part.trim()), goals[kind]);
}

const times = { noticed: "detectedMs", replaced: "replacedMs", whole: "capacityMs" } as const;

function withPart(goal: DrillGoal, part: string): DrillGoal {
  const [, name = "", value = ""] = /^([a-z]+)=(\S+)$/.exec(part) ?? [];
  if (name === "failed") {
    const count = value === "any" ? null : Number(value);
    const isRight = count === null || (/^\d+$/.test(value) && count <= FAILED_MAX);
    if (isRight) return { ...goal, failedMax: count };
  }
  const key = Object.hasOwn(times, name) ? times[name as keyof typeof times] : null;
  const limitMs = value === "any" ? null : parseDuration(value);
  if (key !== null && (value === "any" || limitMs !== null)) return { ...goal, [key]: limitMs };
  throw usageError(
    `--goal needs parts such as failed=0, noticed=5s, replaced=30s, whole=1m, got ${part}`,
    "tidemill drill --help",
  );
}
