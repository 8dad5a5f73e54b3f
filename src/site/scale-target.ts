import type { Value } from "../core/scaling/rules/expression.ts";
import type { Metrics } from "../core/scaling/rules/metric.ts";
import { parseFigure, parseValue } from "../core/scaling/rules/parse.ts";
import { printValue } from "../core/scaling/rules/print.ts";
import { toleranceDefault, type Target } from "../core/scaling/rules/rules.ts";
import { unitNames } from "../core/scaling/rules/unit.ts";
import type { Report } from "./report.ts";
import type { TargetField } from "./scale-schema.ts";

/** One entry of `targets`. */
export function compileTarget(
  report: Report,
  { name, target, tolerance }: TargetField,
  at: number,
  metrics: Metrics,
): readonly Target[] {
  const path = ["targets", at, name];
  const value = report.take(parseValue(name, metrics), path, "key");
  const figure = report.take(parseFigure(target), path);
  if (value === null || figure === null) return [];
  const { unit } = value;
  if (figure.unit !== unit) {
    report.tell(path, "wrong_value", `expected ${unitNames[unit]}, found ${target}`);
  } else if (figure.value <= 0) {
    report.tell(path, "wrong_value", `expected a figure above 0, found ${target}`);
  } else if (!fallsWithMachines(value.value, metrics)) {
    const hint = "take a metric of a machine such as cpu, or say per machine";
    report.tell(path, "wrong_value", `${name} does not fall as machines are added`, hint);
  }
  const nearEnough = tolerance ?? toleranceDefault;
  const canonical = printValue(value.value);
  return [
    { name: canonical, value: value.value, unit, target: figure.value, tolerance: nearEnough },
  ];
}

function fallsWithMachines(value: Value, metrics: Metrics): boolean {
  if (value.kind === "per_machine") return true;
  if (value.kind !== "metric" && value.kind !== "window") return false;
  return metrics.get(value.metric)?.scope === "machine";
}
