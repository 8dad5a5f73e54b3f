import { unreachable } from "../../assert.ts";
import type { Comparison, Condition, Value } from "./expression.ts";

/** Sets of comparisons, each of which is enough for the condition; `not` counts as always possible. */
export function waysOf(condition: Condition): readonly (readonly Comparison[])[] {
  switch (condition.kind) {
    case "compare":
      return [[condition]];
    case "any":
      return condition.items.flatMap(waysOf).slice(0, waysMax);
    case "all":
      return condition.items.reduce<readonly (readonly Comparison[])[]>(
        (ways, item) => {
          const more = waysOf(item);
          return ways.flatMap((way) => more.map((other) => [...way, ...other])).slice(0, waysMax);
        },
        [[]],
      );
    case "for":
      return waysOf(condition.of);
    case "not":
      return [[]];
    default:
      return unreachable(condition);
  }
}
/** A linter need not look further. */
const waysMax = 100;

/** The value and all values in it. */
export function valuesOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case "constant":
    case "metric":
    case "window":
    case "quantile":
    case "pool":
      return [value];
    case "forecast":
      return [value, ...valuesOf(value.lead)];
    case "per_machine":
    case "ceil":
      return [value, ...valuesOf(value.of)];
    case "arithmetic":
      return [value, ...valuesOf(value.left), ...valuesOf(value.right)];
    case "extreme":
      return [value, ...value.items.flatMap(valuesOf)];
    default:
      return unreachable(value);
  }
}
