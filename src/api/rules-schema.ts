import { z } from "@hono/zod-openapi";
import { costMax, costOf } from "../core/scaling/rules/cost.ts";
import type { Condition, Value } from "../core/scaling/rules/expression.ts";
import type { Effect, Rules, WhenRule } from "../core/scaling/rules/rules.ts";
import type { ScheduleEntry } from "../core/scaling/rules/schedule.ts";

/** Compiled rules as they travel. Whoever sends them need not have read a site file: the bounds are those of one. */
const RULES_MAX = 100;
const ITEMS_MAX = 1_000;
const DEPTH_MAX = 60;
const WINDOW_MAX = 3_600;
const DAY_MAX = 10_000_000;
/** A rule of a site file's length has fewer parts. */
const NODES_MAX = 5_000;

const figure = z.number().min(-1e30).max(1e30);
const seconds = z.number().int().min(1).max(WINDOW_MAX);
const machines = z.number().int().min(0).max(10_000);
const metric = z.string().regex(/^[a-z][a-z0-9_.]{0,140}$/);
const unit = z.enum(["number", "share", "duration", "bytes", "rate"]);
const ruleName = z.string().regex(/^[A-Za-z][A-Za-z0-9 _-]{0,39}$/);
const line = z.string().regex(/^[^\n\0]{1,10000}$/);
const compareOperator = z.enum(["<", "<=", ">", ">=", "==", "!="]);

const value: z.ZodType<Value> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("constant"), value: figure, unit }),
    z.strictObject({ kind: z.literal("metric"), metric }),
    z.strictObject({
      kind: z.literal("window"),
      of: z.enum(["avg", "max", "min", "sum", "rate", "slope"]),
      metric,
      seconds,
    }),
    z.strictObject({ kind: z.literal("quantile"), p: z.number().gt(0).lt(1), seconds }),
    z.strictObject({ kind: z.literal("forecast"), metric, lead: value }),
    z.strictObject({ kind: z.literal("per_machine"), of: value }),
    z.strictObject({ kind: z.literal("pool"), of: z.enum(["machines", "boot", "slots"]) }),
    z.strictObject({
      kind: z.literal("arithmetic"),
      operator: z.enum(["+", "-", "*", "/"]),
      left: value,
      right: value,
    }),
    z.strictObject({
      kind: z.literal("extreme"),
      of: z.enum(["min", "max"]),
      items: z.array(value).min(1).max(ITEMS_MAX),
    }),
    z.strictObject({ kind: z.literal("ceil"), of: value }),
  ]),
);

const condition: z.ZodType<Condition> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("compare"),
      operator: compareOperator,
      left: value,
      right: value,
      until: z
        .strictObject({
          operator: compareOperator,
          right: value,
          id: z.number().int().min(0).max(ITEMS_MAX),
        })
        .nullable(),
      column: z.number().int().min(1).max(10_000),
    }),
    z.strictObject({ kind: z.literal("all"), items: z.array(condition).max(ITEMS_MAX) }),
    z.strictObject({ kind: z.literal("any"), items: z.array(condition).max(ITEMS_MAX) }),
    z.strictObject({ kind: z.literal("not"), of: condition }),
    z.strictObject({ kind: z.literal("for"), of: condition, seconds }),
  ]),
);

const amounts = z
  .array(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("machines"), value: machines.min(1) }),
      z.strictObject({ kind: z.literal("share"), value: z.number().gt(0).max(100) }),
    ]),
  )
  .min(1)
  .max(ITEMS_MAX);
const pick = z.enum(["max", "min"]);

const effect: z.ZodType<Effect> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["add", "remove"]), amounts, pick }),
  z.strictObject({ kind: z.literal("times"), factor: z.number().int().min(2).max(100) }),
  z.strictObject({ kind: z.literal("set"), machines }),
  z.strictObject({ kind: z.literal("hold") }),
  z.strictObject({ kind: z.literal("hold_up") }),
]);

const whenRule: z.ZodType<WhenRule> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("if"), name: ruleName, if: condition, effect }),
  z.strictObject({
    kind: z.literal("steps"),
    name: ruleName,
    on: value,
    unit,
    steps: z
      .array(
        z.strictObject({ operator: z.enum(["<", "<=", ">", ">="]), threshold: figure, effect }),
      )
      .max(RULES_MAX),
  }),
]);

const timeOfDay = z.number().int().min(0).max(86_400);
const day = z.number().int().min(-DAY_MAX).max(DAY_MAX);
const scheduleEntry: z.ZodType<ScheduleEntry> = z.strictObject({
  text: line,
  on: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("weekdays"),
      weekdays: z.array(z.number().int().min(0).max(6)).max(7),
    }),
    z.strictObject({ kind: z.literal("dates"), first: day, last: day }),
  ]),
  startS: timeOfDay,
  lasts: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("until"), endS: timeOfDay }),
    z.strictObject({
      kind: z.literal("for"),
      seconds: z
        .number()
        .int()
        .min(1)
        .max(7 * 86_400),
    }),
  ]),
  zone: z.string().regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,99}$/),
  min: machines.nullable(),
  max: machines.nullable(),
  why: line.nullable(),
});

const offset = z.number().int().min(-86_400).max(86_400);
const zone = z.strictObject({
  firstS: offset,
  changes: z
    .array(z.strictObject({ atS: z.number().int().min(0).max(1e11), offsetS: offset }))
    .max(ITEMS_MAX),
});

const paceSeconds = z.number().int().min(1).max(86_400);
const pace = z.strictObject({
  share: z.number().gt(0).max(100).nullable(),
  machines: machines.nullable(),
  seconds: paceSeconds,
});
const timeS = z
  .number()
  .min(0)
  .max(24 * 86_400);

const rules: z.ZodType<Rules> = z.strictObject({
  mode: z.enum(["on", "shadow", "up-only", "off"]),
  aim: z
    .strictObject({
      slowS: z
        .number()
        .gt(0)
        .max(24 * 86_400),
      shareMax: z.number().gt(0).max(0.5),
      worth: z.number().gt(0).max(1e9).nullable(),
      room: z.number().min(0).max(3).exactOptional(),
    })
    .nullable(),
  targets: z
    .array(
      z.strictObject({
        name: line,
        value,
        unit,
        target: z.number().gt(0).max(1e30),
        tolerance: z.number().min(0).max(0.9),
      }),
    )
    .max(RULES_MAX),
  when: z
    .array(whenRule)
    .max(RULES_MAX)
    .refine(
      (when) => new Set(when.map(({ name }) => name)).size === when.length,
      "a name is given twice",
    ),
  schedule: z.array(scheduleEntry).max(RULES_MAX),
  zones: z.record(z.string().max(100), zone),
  limits: z.strictObject({
    holdS: timeS,
    up: pace.nullable(),
    down: pace.nullable(),
    cooldownUpS: timeS,
    cooldownDownS: timeS,
    launches: z.strictObject({ machines, seconds: paceSeconds }).nullable(),
  }),
  spend: z
    .strictObject({
      perHour: z.number().min(0).max(1e9).nullable(),
      perMonth: z.number().min(0).max(1e9).nullable(),
      currency: z.string().regex(/^[A-Z]{3}$/),
      isCap: z.boolean(),
    })
    .nullable(),
  olderS: z
    .number()
    .int()
    .min(1)
    .max(24 * 86_400),
  metrics: z
    .array(
      z.strictObject({
        name: metric,
        unit,
        everyS: z.number().int().min(1).max(600),
        from: z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("run"), command: z.string().regex(/^[^\0]{1,65536}$/) }),
          z.strictObject({
            kind: z.literal("url"),
            url: z.string().regex(/^https?:\/\/\S{1,2000}$/),
          }),
        ]),
      }),
    )
    .max(RULES_MAX),
});

/** The rules below `scale:`. Their depth is looked at first, since the shapes are followed by recursion. */
export const rulesSchema: z.ZodType<Rules> = z
  .unknown()
  .refine((given) => isShallow(given, DEPTH_MAX), "nested too deeply")
  .pipe(rules)
  .refine(({ when }) => when.every((rule) => sizeOf(rule) <= NODES_MAX), "a rule is too long")
  .refine(
    ({ when }) => when.every((rule) => rule.kind === "steps" || costOf(rule.if) <= costMax),
    "a rule looks at too many figures",
  );

function isShallow(given: unknown, depth: number): boolean {
  if (typeof given !== "object" || given === null) return true;
  return depth > 0 && Object.values(given).every((inner) => isShallow(inner, depth - 1));
}

function sizeOf(given: unknown): number {
  if (typeof given !== "object" || given === null) return 0;
  return Object.values(given).reduce<number>((sum, inner) => sum + sizeOf(inner), 1);
}
