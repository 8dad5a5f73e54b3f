import { unreachable } from "../../assert.ts";
import type { Condition, Value } from "./expression.ts";

/** A window within a window is looked through once for each second: ten minutes of one minute are plenty. */
export const costMax = 40_000;

/** No expression that people write has more levels, and whoever walks through one must end. */
export const depthMax = 50;

/** How many levels plain data has. */
export function depthOf(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  return 1 + Object.values(node).reduce<number>((most, inner) => Math.max(most, depthOf(inner)), 0);
}

/** How many figures are looked at, at most, to tell whether the condition holds. */
export function costOf(condition: Condition): number {
  switch (condition.kind) {
    case "compare": {
      const back = condition.until === null ? 0 : costOfValue(condition.until.right);
      return costOfValue(condition.left) + costOfValue(condition.right) + back;
    }
    case "all":
    case "any":
      return condition.items.reduce((sum, item) => sum + costOf(item), 0);
    case "not":
      return costOf(condition.of);
    case "for":
      return condition.seconds * costOf(condition.of);
    default:
      return unreachable(condition);
  }
}

function costOfValue(value: Value): number {
  switch (value.kind) {
    case "constant":
    case "pool":
    case "metric":
      return 1;
    case "window":
      // Means are kept as running sums.
      return value.of === "avg" || value.of === "sum" ? 1 : value.seconds;
    case "quantile":
      return value.seconds;
    case "forecast":
      return costOfValue(value.lead) + forecastCost;
    case "per_machine":
    case "ceil":
      return costOfValue(value.of);
    case "arithmetic":
      return costOfValue(value.left) + costOfValue(value.right);
    case "extreme":
      return value.items.reduce((sum, item) => sum + costOfValue(item), 0);
    default:
      return unreachable(value);
  }
}
/** A trend line over five minutes. */
const forecastCost = 300;
