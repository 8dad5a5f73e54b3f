import { unreachable } from "../core/assert.ts";
import type { Condition, Value } from "../core/scaling/rules/expression.ts";
import type { Rules } from "../core/scaling/rules/rules.ts";
import { valuesOf } from "../core/scaling/rules/walk.ts";

/** What a simulated site measures; the response times besides. */
const measured: ReadonlySet<string> = new Set(["arrivals", "in_flight", "queue", "errors", "cpu"]);

/** The metrics that the rules look at and that nobody measures in a simulation, by name. */
export function neverMeasured(rules: Rules): readonly string[] {
  const named = valuesIn(rules).flatMap((value) => ("metric" in value ? [value.metric] : []));
  return [...new Set(named)].filter((name) => !measured.has(name)).toSorted();
}

/** Whether the rules look ahead. */
export function isLookingAhead(rules: Rules): boolean {
  return valuesIn(rules).some(({ kind }) => kind === "forecast");
}

function valuesIn({ targets, when }: Rules): readonly Value[] {
  const roots = [
    ...targets.map(({ value }) => value),
    ...when.flatMap((rule) => (rule.kind === "steps" ? [rule.on] : operandsOf(rule.if))),
  ];
  return roots.flatMap(valuesOf);
}

function operandsOf(condition: Condition): readonly Value[] {
  switch (condition.kind) {
    case "compare": {
      const { left, right, until } = condition;
      return [left, right, ...(until === null ? [] : [until.right])];
    }
    case "all":
    case "any":
      return condition.items.flatMap(operandsOf);
    case "not":
    case "for":
      return operandsOf(condition.of);
    default:
      return unreachable(condition);
  }
}
