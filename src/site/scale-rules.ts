import { parsePace } from "../core/scaling/rules/effect.ts";
import { knownMetrics, reservedMetrics } from "../core/scaling/rules/metric.ts";
import { printValue } from "../core/scaling/rules/print.ts";
import { toleranceDefault } from "../core/scaling/rules/rules.ts";
import type { Limits, Rules, Spend, Target } from "../core/scaling/rules/rules.ts";
import type { Finding } from "./draft.ts";
import type { Path } from "./located.ts";
import { createReport, type Report } from "./report.ts";
import type { RoleFields } from "./role-schema.ts";
import { compileSchedule } from "./scale-schedule.ts";
import type { MetricField } from "./scale-schema.ts";
import { compileTarget } from "./scale-target.ts";
import { compileWhen, refuseTwice } from "./scale-when.ts";

type ScaleFields = RoleFields["scale"];

/** More are nobody's; a decision looks at all of them each second. */
const entriesMax = 100;

/** Requests a machine works on at the same time where nobody says anything. */
export const inFlightDefault = 8;
/** What is slow where nobody says how many machines are needed. */
const slowDefaultMs = 1_000;

/** The rules below `scale:`, null when there are none; and what is wrong with them, below the path. */
export function compileScale(
  scale: ScaleFields,
  path: Path,
): { readonly rules: Rules | null; readonly findings: readonly Finding[] } {
  if (!hasRules(scale)) return { rules: null, findings: [] };
  const report = createReport(path);
  const declared = Object.entries(scale.metrics).map(([name, metric]) => ({ name, ...metric }));
  refuseReserved(report, scale.metrics);
  refuseMany(report, scale);
  const metrics = knownMetrics(declared);
  const { aim } = scale;
  const targets = scale.targets.flatMap((field, at) => compileTarget(report, field, at, metrics));
  const when = scale.when.flatMap((field, at) => compileWhen(report, field, at, metrics));
  refuseTwice(report, when);
  if (aim.slow === null && isAimTold(aim))
    report.tell(["aim"], "missing", "an aim needs slow: which answers are slow");
  const isSilent = aim.slow === null && scale.targets.length === 0 && scale.when.length === 0;
  const slowMs = aim.slow ?? (isSilent ? slowDefaultMs : null);
  const inFlight = slowMs === null ? scale.in_flight : null;
  const { schedule, zones } = compileSchedule(report, scale.schedule);
  const rules: Rules = {
    mode: scale.mode,
    aim:
      slowMs === null
        ? null
        : {
            slowS: slowMs / 1_000,
            shareMax: aim["at most"],
            worth: aim["machine-hour is worth"],
            ...(aim.room === null ? {} : { room: aim.room }),
          },
    targets: [...targets, ...(inFlight === null ? [] : [inFlightTarget(inFlight)])],
    when,
    schedule,
    zones,
    limits: compileLimits(report, scale),
    spend: compileSpend(report, scale.spend),
    olderS: Math.ceil(scale.missing["older than"] / 1_000),
    metrics: declared,
  };
  return { rules, findings: report.findings };
}

function hasRules(scale: ScaleFields): boolean {
  const { limits, aim, spend } = scale;
  const lists = [scale.targets, scale.when, scale.schedule];
  const given = [limits.up, limits.down, limits.hold, limits.launches, aim.slow];
  const isGiven = [...given, spend["per hour"], spend["per month"]];
  return (
    lists.some((list) => list.length > 0) ||
    isGiven.some((value) => value !== null) ||
    limits.cooldown.up > 0 ||
    limits.cooldown.down > 0 ||
    isAimTold(aim) ||
    scale.mode !== "on" ||
    scale.missing["older than"] !== 30_000 ||
    Object.keys(scale.metrics).length > 0
  );
}

/** Anything of it beside which answers are slow. */
function isAimTold(aim: ScaleFields["aim"]): boolean {
  return aim["at most"] !== 0.001 || aim["machine-hour is worth"] !== null || aim.room !== null;
}

function inFlightTarget(target: number): Target {
  const of = { kind: "metric", metric: "in_flight" } as const;
  const value = { kind: "per_machine", of } as const;
  return { name: printValue(value), value, unit: "number", target, tolerance: toleranceDefault };
}

function refuseMany(report: Report, scale: ScaleFields): void {
  for (const key of ["targets", "when", "schedule", "metrics"] as const) {
    const count = Object.keys(scale[key]).length;
    if (count > entriesMax) report.tell([key], "too_large", `expected at most ${entriesMax}`);
  }
}

function refuseReserved(report: Report, metrics: Readonly<Record<string, MetricField>>): void {
  for (const name of Object.keys(metrics).filter((name) => reservedMetrics.includes(name)))
    report.tell(
      ["metrics", name],
      "conflict",
      `${name} has a meaning of its own`,
      "give it another name",
    );
}

function compileLimits(report: Report, { limits, hold }: ScaleFields): Limits {
  const pace = (key: "up" | "down" | "launches") => {
    const text = limits[key];
    return text === null ? null : report.take(parsePace(text), ["limits", key]);
  };
  const launches = pace("launches");
  if (launches !== null && launches.machines === null)
    report.tell(
      ["limits", "launches"],
      "wrong_value",
      "expected a number of launches such as 60 per 10m",
    );
  return {
    holdS: (limits.hold ?? hold) / 1_000,
    up: pace("up"),
    down: pace("down"),
    cooldownUpS: limits.cooldown.up / 1_000,
    cooldownDownS: limits.cooldown.down / 1_000,
    launches:
      launches === null ? null : { machines: launches.machines ?? 0, seconds: launches.seconds },
  };
}

function compileSpend(report: Report, spend: ScaleFields["spend"]): Spend | null {
  const { "per hour": hour, "per month": month } = spend;
  const currency = hour?.currency ?? month?.currency;
  if (currency === undefined) return null;
  if (hour !== null && month !== null && hour.currency !== month.currency)
    report.tell(["spend", "per month"], "conflict", "both amounts need the same currency");
  const isCap = spend.then === "cap";
  return { perHour: hour?.amount ?? null, perMonth: month?.amount ?? null, currency, isCap };
}
