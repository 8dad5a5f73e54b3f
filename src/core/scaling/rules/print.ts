import { unreachable } from "../../assert.ts";
import type { Comparison, Condition, Value } from "./expression.ts";
import { responseTime } from "./metric.ts";
import { printFigure } from "./unit.ts";

/** As it would be written: with the fewest parentheses, and read back as the same condition. */
export function printCondition(condition: Condition): string {
  switch (condition.kind) {
    case "compare":
      return printComparison(condition);
    case "all":
      return condition.items.map((item) => within(item, ["any", "all"])).join(" and ");
    case "any":
      return condition.items.map((item) => within(item, ["any"])).join(" or ");
    case "not":
      return `not ${within(condition.of, ["any", "all"])}`;
    case "for": {
      const of = within(condition.of, ["any", "all", "not", "for"]);
      return `${of} for ${printFigure(condition.seconds, "duration")}`;
    }
    default:
      return unreachable(condition);
  }
}

function within(condition: Condition, kinds: readonly Condition["kind"][]): string {
  const text = printCondition(condition);
  return kinds.includes(condition.kind) ? `(${text})` : text;
}

function printComparison({ left, operator, right, until }: Comparison): string {
  const text = `${printValue(left)} ${operator} ${printValue(right)}`;
  if (until === null) return text;
  return `${text} until ${until.operator} ${printValue(until.right)}`;
}

/** The same for a value. */
export function printValue(value: Value): string {
  switch (value.kind) {
    case "constant":
      return printFigure(value.value, value.unit);
    case "metric":
      return value.metric;
    case "window":
      return printWindow(value);
    case "quantile": {
      const digits = String(value.p).slice(2).padEnd(2, "0");
      return `p${digits}(${responseTime}, ${printFigure(value.seconds, "duration")})`;
    }
    case "forecast":
      return `forecast(${value.metric}, ${printValue(value.lead)})`;
    case "per_machine":
      return `${operand(value.of, 3)} per machine`;
    case "pool":
      return value.of;
    case "arithmetic": {
      const strength = strengthOf(value);
      const left = operand(value.left, strength);
      return `${left} ${value.operator} ${operand(value.right, strength + 1)}`;
    }
    case "extreme":
      return `${value.of}(${value.items.map(printValue).join(", ")})`;
    case "ceil":
      return `ceil(${printValue(value.of)})`;
    default:
      return unreachable(value);
  }
}

function printWindow({ of, metric, seconds }: Extract<Value, { kind: "window" }>): string {
  const window = printFigure(seconds, "duration");
  const isCount = of === "sum" && metric === "arrivals";
  return isCount ? `requests(${window})` : `${of}(${metric}, ${window})`;
}

function operand(value: Value, strengthMin: number): string {
  const text = printValue(value);
  return strengthOf(value) < strengthMin ? `(${text})` : text;
}

function strengthOf(value: Value): number {
  if (value.kind === "arithmetic") return value.operator === "+" || value.operator === "-" ? 1 : 2;
  return value.kind === "per_machine" ? 3 : 4;
}
