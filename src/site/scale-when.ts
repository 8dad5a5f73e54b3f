import type { Parsed } from "../core/scaling/rules/cursor.ts";
import { parseEffect } from "../core/scaling/rules/effect.ts";
import type { Metrics } from "../core/scaling/rules/metric.ts";
import { parseCondition, parseFigure, parseValue } from "../core/scaling/rules/parse.ts";
import type { Step, StepOperator, WhenRule } from "../core/scaling/rules/rules.ts";
import { unitNames, type Unit } from "../core/scaling/rules/unit.ts";
import type { Path } from "./located.ts";
import type { Report } from "./report.ts";
import type { RoleFields } from "./role-schema.ts";

type WhenField = RoleFields["scale"]["when"][number];

/** More are nobody's. */
const stepsMax = 100;

/** One entry of `when`. */
export function compileWhen(
  report: Report,
  field: WhenField,
  at: number,
  metrics: Metrics,
): readonly WhenRule[] {
  const name = field.name ?? `rule ${at + 1}`;
  const path = ["when", at];
  const table = Object.keys(field.steps).length > 0;
  if (field.if !== null && field.do !== null && field.on === null && !table) {
    const condition = report.take(parseCondition(field.if, metrics), [...path, "if"]);
    const effect = report.take(parseEffect(field.do), [...path, "do"]);
    return condition === null || effect === null
      ? []
      : [{ kind: "if", name, if: condition, effect }];
  }
  if (field.on !== null && table && field.if === null && field.do === null) {
    const on = report.take(parseValue(field.on, metrics), [...path, "on"]);
    const rows = compileSteps(report, field.steps, on?.unit ?? null, [...path, "steps"]);
    return on === null ? [] : [{ kind: "steps", name, on: on.value, unit: on.unit, steps: rows }];
  }
  report.tell(path, "conflict", "a rule needs either if and do, or on and steps");
  return [];
}

function compileSteps(
  report: Report,
  table: Readonly<Record<string, string>>,
  unit: Unit | null,
  path: Path,
): readonly Step[] {
  if (Object.keys(table).length > stepsMax)
    report.tell(path, "too_large", `expected at most ${stepsMax} steps`);
  return Object.entries(table).flatMap(([key, text]): readonly Step[] => {
    const operator = (/^[<>]=?/.exec(key)?.[0] ?? ">") as StepOperator;
    const figure = report.take(
      shifted(parseFigure(key.slice(operator.length)), operator.length),
      [...path, key],
      "key",
    );
    const effect = report.take(parseEffect(text), [...path, key]);
    if (figure === null || effect === null) return [];
    if (unit !== null && figure.unit !== unit) {
      report.tell([...path, key], "wrong_value", `expected ${unitNames[unit]} in ${key}`);
      return [];
    }
    return [{ operator, threshold: figure.value, effect }];
  });
}

/** A key such as `>70%` begins with its sign. */
function shifted<T>(parsed: Parsed<T>, by: number): Parsed<T> {
  return parsed.isRight ? parsed : { ...parsed, column: parsed.column + by };
}

/** Rules are told apart by their names. */
export function refuseTwice(report: Report, when: readonly WhenRule[]): void {
  const names = when.map(({ name }) => name);
  for (const [at, name] of names.entries())
    if (names.indexOf(name) !== at)
      report.tell(["when", at], "conflict", `${name} is the name of another rule`);
}
