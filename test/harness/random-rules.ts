/** Conditions and values as the parser makes them, for property tests. */
import fc from "fast-check";
import type { Condition, Value } from "../../src/core/scaling/rules/expression.ts";
import type { Limits, Pace } from "../../src/core/scaling/rules/rules.ts";
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
function anyValueIn(unit: Unit, depth = 2): fc.Arbitrary<Value> {
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

/** Rules of people who know what they do: more of everything needs more machines. */
export interface RuleTexts {
  readonly targets: readonly (readonly [string, string])[];
  readonly when: readonly (readonly [string, string])[];
  readonly steps: Readonly<Record<string, string>> | null;
}

export const sensibleRules: fc.Arbitrary<RuleTexts> = fc.record({
  targets: fc.subarray([
    ["cpu", "55%"],
    ["in_flight per machine", "3"],
    ["avg(cpu, 30s)", "60%"],
    ["arrivals per machine", "20/s"],
  ] as const),
  when: fc.subarray([
    ["queue > 0 for 5s", "add max(2, 50%)"],
    ["cpu > 85% for 20s", "add 3"],
    ["cpu > 80% until < 70%", "add 1"],
    ["in_flight per machine > 5 and arrivals > 10/s", "x2"],
    ["p95(rt) > 600ms and requests(30s) >= 50", "add 25%"],
    ["cpu < 40% and queue == 0 for 10s", "remove 1"],
    ["in_flight per machine < 2", "remove 20%"],
    ["in_flight per machine > 2.2", "add 1"],
    ["not (cpu > 30% or arrivals > 50/s)", "remove min(3, 10%)"],
    ["forecast(arrivals, boot) > 400/s", "add 2"],
    ["queue > 30", "set 12"],
  ] as const),
  steps: fc.option(
    fc.constant({ "<30%": "-30%", "<40%": "-10%", ">60%": "+10%", ">70%": "+30%", ">90%": "x2" }),
  ),
});

/** Limits of any size. */
export const anyLimits: fc.Arbitrary<Limits> = fc.record({
  holdS: fc.constantFrom(0, 10, 120, 600),
  up: fc.option(anyPace()),
  down: fc.option(anyPace()),
  cooldownUpS: fc.constantFrom(0, 0, 20),
  cooldownDownS: fc.constantFrom(0, 0, 60),
  launches: fc.option(
    fc.record({ machines: fc.integer({ min: 1, max: 40 }), seconds: fc.constantFrom(60, 600) }),
  ),
});

function anyPace(): fc.Arbitrary<Pace> {
  return fc.record({
    share: fc.option(fc.constantFrom(0.2, 0.5, 1)),
    machines: fc.integer({ min: 1, max: 8 }),
    seconds: fc.constantFrom(15, 30, 60),
  });
}
