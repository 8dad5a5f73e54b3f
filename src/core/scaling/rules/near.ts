import { unreachable } from "../../assert.ts";
import { compare } from "./compare.ts";
import type { Comparison, Condition } from "./expression.ts";
import { measure } from "./measure.ts";
import { printValue } from "./print.ts";
import type { Sight } from "./sight.ts";
import { showFigure, type Unit } from "./unit.ts";
import { nearestOf, type Near } from "./voice.ts";

/** How far a condition that is false is from being true; null where that cannot be told. */
export function nearCondition(condition: Condition, sight: Sight, effect: string): Near | null {
  switch (condition.kind) {
    case "compare":
      return nearComparison(condition, sight, effect);
    case "any":
      return nearestOf(condition.items.map((item) => nearCondition(item, sight, effect)));
    case "all": {
      const nears = condition.items.flatMap((item) => nearCondition(item, sight, effect) ?? []);
      // All of them must come true: the furthest one decides.
      const furthest = nears.toSorted((a, b) => b.distance - a.distance)[0];
      return furthest ?? null;
    }
    case "for":
      return nearCondition(condition.of, sight, effect);
    case "not":
      return null;
    default:
      return unreachable(condition);
  }
}

function nearComparison(comparison: Comparison, sight: Sight, effect: string): Near | null {
  const { left, operator, right } = comparison;
  const value = measure(left, sight, sight.nowS);
  const threshold = measure(right, sight, sight.nowS);
  if (!Number.isFinite(value) || !Number.isFinite(threshold)) return null;
  if (compare(value, operator, threshold) === true) return { distance: 0, tell: () => "" };
  const size = Math.max(Math.abs(threshold), Math.abs(value), 1e-9);
  const tell = (): string => {
    const unit = unitOf(comparison);
    const wanted = `${printValue(left)} ${operator} ${showFigure(threshold, unit)}`;
    return `${wanted} would ${effect}: it is ${showFigure(value, unit)}`;
  };
  return { distance: Math.abs(value - threshold) / size, tell };
}

/** Of what it compares: one side is nearly always a figure. */
function unitOf({ left, right }: Comparison): Unit {
  const sides = [right, left];
  const constant = sides.find((side) => side.kind === "constant");
  return constant?.kind === "constant" ? constant.unit : "number";
}
