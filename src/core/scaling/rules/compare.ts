import { unreachable } from "../../assert.ts";
import type { CompareOperator } from "./expression.ts";

/** Null: not known. */
export type Verdict = boolean | null;

/** What is no number compares with nothing. */
export function compare(left: number, operator: CompareOperator, right: number): Verdict {
  if (!Number.isFinite(left) || !Number.isFinite(right)) return null;
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    default:
      return unreachable(operator);
  }
}
