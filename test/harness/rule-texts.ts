/** Rules from the texts that people write. */
import { parseEffect } from "../../src/core/scaling/rules/effect.ts";
import { knownMetrics, type DeclaredMetric } from "../../src/core/scaling/rules/metric.ts";
import type { Parsed } from "../../src/core/scaling/rules/cursor.ts";
import { parseCondition, parseFigure, parseValue } from "../../src/core/scaling/rules/parse.ts";
import type { Step, StepOperator, Target, WhenRule } from "../../src/core/scaling/rules/rules.ts";

function right<T>(text: string, parsed: Parsed<T>): T {
  if (parsed.isRight) return parsed.value;
  throw new Error(`${text}:${parsed.column}: ${parsed.message}`);
}

export function aTarget(
  name: string,
  target: string,
  declared: readonly DeclaredMetric[] = [],
): Target {
  const { value, unit } = right(name, parseValue(name, knownMetrics(declared)));
  const figure = right(target, parseFigure(target));
  return { name, value, unit, target: figure.value, tolerance: 0.1 };
}

export function aRule(
  condition: string,
  effect: string,
  { name = condition, declared = [] as readonly DeclaredMetric[] } = {},
): WhenRule {
  const metrics = knownMetrics(declared);
  return {
    kind: "if",
    name,
    if: right(condition, parseCondition(condition, metrics)),
    effect: right(effect, parseEffect(effect)),
  };
}

export function aStepRule(on: string, table: Readonly<Record<string, string>>): WhenRule {
  const { value, unit } = right(on, parseValue(on, knownMetrics([])));
  const steps = Object.entries(table).map(([key, effect]): Step => {
    const operator = /^[<>]=?/.exec(key)?.[0] as StepOperator;
    const { value: threshold } = right(key, parseFigure(key.slice(operator.length)));
    return { operator, threshold, effect: right(effect, parseEffect(effect)) };
  });
  return { kind: "steps", name: "steps", on: value, unit, steps };
}
