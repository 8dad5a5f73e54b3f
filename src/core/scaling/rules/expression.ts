import type { Unit } from "./unit.ts";

/** A figure that a rule looks at: plain data, checked for units when it was parsed. */
export type Value =
  | { readonly kind: "constant"; readonly value: number; readonly unit: Unit }
  /** Its newest value. */
  | { readonly kind: "metric"; readonly metric: string }
  | {
      readonly kind: "window";
      readonly of: Aggregate;
      readonly metric: string;
      readonly seconds: number;
    }
  /** Response time that the share `p` of the answers did not exceed. */
  | { readonly kind: "quantile"; readonly p: number; readonly seconds: number }
  | { readonly kind: "forecast"; readonly metric: string; readonly lead: Value }
  | { readonly kind: "per_machine"; readonly of: Value }
  /** `machines`: those that serve. `boot`: from the launch to the first answer. `slots`: of a machine. */
  | { readonly kind: "pool"; readonly of: PoolWord }
  | {
      readonly kind: "arithmetic";
      readonly operator: ArithmeticOperator;
      readonly left: Value;
      readonly right: Value;
    }
  | { readonly kind: "extreme"; readonly of: "min" | "max"; readonly items: readonly Value[] }
  | { readonly kind: "ceil"; readonly of: Value };

/**
 * `rate`: how fast a counter grows, per second. `slope`: how far a line through the window rises from its beginning
 * to its end.
 */
export type Aggregate = "avg" | "max" | "min" | "sum" | "rate" | "slope";
export type PoolWord = "machines" | "boot" | "slots";
export type ArithmeticOperator = "+" | "-" | "*" | "/";
export type CompareOperator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** True, false or unknown. */
export type Condition =
  | Comparison
  | { readonly kind: "all"; readonly items: readonly Condition[] }
  | { readonly kind: "any"; readonly items: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  /** In each second of the window. */
  | { readonly kind: "for"; readonly of: Condition; readonly seconds: number };

export interface Comparison {
  readonly kind: "compare";
  readonly operator: CompareOperator;
  readonly left: Value;
  readonly right: Value;
  /** Once true, it stays so until the left side compares so. */
  readonly until: Until | null;
  /** Where the left side begins in the text, from 1. */
  readonly column: number;
}

export interface Until {
  readonly operator: CompareOperator;
  readonly right: Value;
  /** Which of the expression's `until` it is, from 0. */
  readonly id: number;
}

export const aggregates: readonly Aggregate[] = ["avg", "max", "min", "sum", "rate", "slope"];
export const poolWords: readonly PoolWord[] = ["machines", "boot", "slots"];
