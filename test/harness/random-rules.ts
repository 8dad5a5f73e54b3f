/** Conditions and values as the parser makes them, for property tests. */
import fc from "fast-check";
import type { Condition, Value } from "../../src/core/scaling/rules/expression.ts";
import type { Unit } from "../../src/core/scaling/rules/unit.ts";

const seconds = fc.constantFrom(5, 10, 30, 60, 90, 600);
const metricsOf: Readonly<Record<Unit, readonly string[]>> = {
  number: ["queue", "in_flight", "load", "processes"],
  share: ["cpu", "memory"],
  rate: ["arrivals", "errors"],
  duration: [],
  bytes: [],
};

function constant(unit: Unit): fc.Arbitrary<Value> {
  const value = fc.integer({ min: -50, max: 5_000 }).map((n) => (unit === "share" ? n / 100 : n));
  return value.map((value) => ({ kind: "constant", value, unit }));
}

function leaf(unit: Unit): fc.Arbitrary<Value> {
  if (unit === "duration") {
    const quantile = fc.record({
      kind: fc.constant("quantile" as const),
      p: fc.constantFrom(0.5, 0.9, 0.95, 0.99, 0.999),
      seconds,
    });
    return fc.oneof(constant(unit), quantile, fc.constant({ kind: "pool", of: "boot" } as const));
  }
  const [first = "cpu", ...others] = metricsOf[unit];
  const metric = fc.constantFrom(first, ...others);
  const window = fc.record({
    kind: fc.constant("window" as const),
    of: fc.constantFrom("avg" as const, "max" as const, "min" as const, "slope" as const),
    metric,
    seconds,
  });
  const bare = fc.record({ kind: fc.constant("metric" as const), metric });
  const ahead = fc.record({
    kind: fc.constant("forecast" as const),
    metric,
    lead: constant("duration"),
  });
  return fc.oneof(constant(unit), bare, window, ahead);
}

/** A value in the unit. */
export function anyValueIn(unit: Unit, depth = 2): fc.Arbitrary<Value> {
  if (depth === 0) return leaf(unit);
  const inner = anyValueIn(unit, depth - 1);
  const sum = fc.record({
    kind: fc.constant("arithmetic" as const),
    operator: fc.constantFrom("+" as const, "-" as const),
    left: inner,
    right: inner,
  });
  const product = fc.record({
    kind: fc.constant("arithmetic" as const),
    operator: fc.constantFrom("*" as const, "/" as const),
    left: inner,
    right: leaf("number"),
  });
  const extreme = fc.record({
    kind: fc.constant("extreme" as const),
    of: fc.constantFrom("min" as const, "max" as const),
    items: fc.array(inner, { minLength: 2, maxLength: 3 }),
  });
  const ceil = fc.record({ kind: fc.constant("ceil" as const), of: inner });
  return fc.oneof(leaf(unit), sum, product, extreme, ceil);
}

const comparison: fc.Arbitrary<Condition> = fc
  .constantFrom<Unit>("number", "share", "rate", "duration")
  .chain((unit) =>
    fc.record({
      kind: fc.constant("compare" as const),
      operator: fc.constantFrom("<", "<=", ">", ">=", "==", "!="),
      left: anyValueIn(unit),
      right: anyValueIn(unit),
      until: fc.constant(null),
      column: fc.constant(1),
    }),
  );

/** Any condition, however odd. */
export const anyCondition: fc.Arbitrary<Condition> = nested(2);

function nested(depth: number): fc.Arbitrary<Condition> {
  if (depth === 0) return comparison;
  const inner = nested(depth - 1);
  const items = fc.array(inner, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    comparison,
    items.map((items) => ({ kind: "all", items }) as const),
    items.map((items) => ({ kind: "any", items }) as const),
    inner.map((of) => ({ kind: "not", of }) as const),
    fc.record({ kind: fc.constant("for" as const), of: inner, seconds }),
  );
}
