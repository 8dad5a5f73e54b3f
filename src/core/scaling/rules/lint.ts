import type { Comparison, Value } from "./expression.ts";
import { sizeAfter } from "./effect.ts";
import { knownMetrics, type Metrics } from "./metric.ts";
import { printValue } from "./print.ts";
import type { Effect, Rules, WhenRule } from "./rules.ts";
import { showFigure, type Unit } from "./unit.ts";
import { valuesOf, waysOf } from "./walk.ts";

/** Something that is allowed, and will not do what was meant. */
export interface LintFinding {
  /** Keys below `scale:`, e.g. `when`, 2, `if`. */
  readonly path: readonly (string | number)[];
  /** Within the expression there, from 1; null: it is about all of it. */
  readonly column: number | null;
  readonly message: string;
  readonly hint: string;
}

/** What the rules are held against. */
export interface LintContext {
  readonly bounds: { readonly min: number; readonly max: number };
  /** Null where no machine has booted yet. */
  readonly bootS: number | null;
}

/** Looks for rules that flap, never fire, or cannot do what they want. */
export function lintRules(rules: Rules, context: LintContext): readonly LintFinding[] {
  const metrics = knownMetrics(rules.metrics);
  const thresholds = rules.when.flatMap((rule, at) => thresholdsOf(rule, at, metrics));
  return [
    ...overlaps(rules, thresholds),
    ...thresholds.flatMap((threshold) => neverFires(threshold)),
    ...contradictions(rules),
    ...runaways(rules),
    ...unreachable(rules, context),
    ...saturated(rules, metrics, thresholds),
    ...unfloored(rules),
    ...oneWay(rules),
    ...hasty(rules, context),
  ];
}

/** A comparison of a value with a figure, and what comes of it. */
interface Threshold {
  readonly rule: string;
  readonly path: LintFinding["path"];
  readonly column: number | null;
  readonly left: Value;
  readonly unit: Unit;
  readonly direction: "above" | "below";
  readonly figure: number;
  readonly effect: "grow" | "shrink" | "other";
  /** Nothing else has to hold for it. */
  readonly isAlone: boolean;
  readonly isBounded: boolean;
}

function thresholdsOf(rule: WhenRule, at: number, metrics: Metrics): readonly Threshold[] {
  if (rule.kind === "steps") {
    return rule.steps.map(({ operator, threshold, effect }) => ({
      rule: rule.name,
      path: ["when", at, "steps"],
      column: null,
      left: rule.on,
      unit: rule.unit,
      direction: operator.startsWith(">") ? "above" : "below",
      figure: threshold,
      effect: effectKind(effect),
      isAlone: true,
      isBounded: isShareOfOne(rule.on, metrics),
    }));
  }
  return waysOf(rule.if).flatMap((way) =>
    way.flatMap((comparison): readonly Threshold[] => {
      const { operator, left, right, column } = comparison;
      if (right.kind !== "constant" || !/^[<>]/.test(operator)) return [];
      const threshold = {
        rule: rule.name,
        path: ["when", at, "if"],
        column,
        left,
        unit: right.unit,
        direction: operator.startsWith(">") ? "above" : "below",
        figure: right.value,
        effect: effectKind(rule.effect),
        isAlone: way.length === 1,
        isBounded: isShareOfOne(left, metrics),
      } as const;
      return [threshold];
    }),
  );
}

function effectKind(effect: Effect): Threshold["effect"] {
  if (effect.kind === "add" || effect.kind === "times") return "grow";
  return effect.kind === "remove" ? "shrink" : "other";
}

/** Shares of a machine's own end at 100 %. */
function isShareOfOne(value: Value, metrics: Metrics): boolean {
  if (value.kind !== "metric" && value.kind !== "window") return false;
  if (value.kind === "window" && value.of === "slope") return false;
  const facts = metrics.get(value.metric);
  return facts?.unit === "share" && facts.scope !== "role";
}

function overlaps({ targets }: Rules, thresholds: readonly Threshold[]): readonly LintFinding[] {
  const ups = thresholds.filter(
    ({ effect, direction, isAlone }) => effect === "grow" && direction === "above" && isAlone,
  );
  const downs = thresholds.filter(
    ({ effect, direction, isAlone }) => effect === "shrink" && direction === "below" && isAlone,
  );
  const found = downs.flatMap((down) => {
    const name = printValue(down.left);
    const up = ups.find((up) => printValue(up.left) === name && up.figure <= down.figure);
    if (up === undefined) return [];
    const below = showFigure(down.figure, down.unit);
    const above = showFigure(up.figure, up.unit);
    const message = `${down.rule} gives machines back below ${below}, ${up.rule} asks for them above ${above}`;
    return [finding(down, message, "leave room between the two, or they take turns")];
  });
  const against = ups.flatMap((up) => {
    const name = printValue(up.left);
    const target = targets.find((target) => printValue(target.value) === name);
    if (target === undefined || up.figure >= target.target) return [];
    const message = `${up.rule} asks for machines above ${showFigure(up.figure, up.unit)}, which the target of ${showFigure(target.target, target.unit)} gives back`;
    return [finding(up, message, "put it above the target")];
  });
  return [...found, ...against];
}

function neverFires(threshold: Threshold): readonly LintFinding[] {
  const { direction, figure, isBounded, unit, left } = threshold;
  const isNever =
    (direction === "above" && isBounded && figure >= 1) || (direction === "below" && figure <= 0);
  const isSigned = valuesOf(left).some(
    (value) =>
      (value.kind === "window" && value.of === "slope") ||
      (value.kind === "arithmetic" && value.operator === "-"),
  );
  if (!isNever || isSigned) return [];
  const what = `${printValue(left)} is never ${direction} ${showFigure(figure, unit)}`;
  return [finding(threshold, `${threshold.rule} can never fire: ${what}`, "")];
}

function contradictions({ when }: Rules): readonly LintFinding[] {
  return when.flatMap((rule, at) => {
    if (rule.kind === "steps") return [];
    const clashes = waysOf(rule.if).map(clashIn);
    const clash = clashes[0];
    if (clash === undefined || clash === null || clashes.includes(null)) return [];
    const message = `${rule.name} can never fire: ${printValue(clash.left)} cannot be both`;
    return [{ path: ["when", at, "if"], column: clash.column, message, hint: "" }];
  });
}

function clashIn(way: readonly Comparison[]): Comparison | null {
  for (const above of way) {
    if (!above.operator.startsWith(">") || above.right.kind !== "constant") continue;
    const { value } = above.right;
    const name = printValue(above.left);
    const below = way.find(
      ({ operator, left, right }) =>
        operator.startsWith("<") &&
        right.kind === "constant" &&
        right.value <= value &&
        printValue(left) === name,
    );
    if (below !== undefined) return below;
  }
  return null;
}

/** More machines do not make fewer requests come. */
function runaways({ when }: Rules): readonly LintFinding[] {
  return when.flatMap((rule, at) => {
    if (rule.kind === "steps" || effectKind(rule.effect) !== "grow") return [];
    const way = waysOf(rule.if).find((way) => way.length > 0 && way.every(isDeaf));
    const first = way?.[0];
    if (first === undefined) return [];
    const message = `${rule.name} goes on adding machines: they do not change ${printValue(first.left)}`;
    const hint = "compare it per machine, or set a number";
    return [{ path: ["when", at, "if"], column: first.column, message, hint }];
  });
}

function isDeaf({ left }: Comparison): boolean {
  const values = valuesOf(left);
  const isPerMachine = values.some(({ kind }) => kind === "per_machine" || kind === "pool");
  const isArrivals = values.some((value) => "metric" in value && value.metric === "arrivals");
  const isOther = values.some((value) => "metric" in value && value.metric !== "arrivals");
  return isArrivals && !isOther && !isPerMachine && !values.some(({ kind }) => kind === "quantile");
}

function unreachable(rules: Rules, { bounds }: LintContext): readonly LintFinding[] {
  const { min, max } = bounds;
  const sets = rules.when.flatMap((rule, at) => {
    if (rule.kind === "steps" || rule.effect.kind !== "set") return [];
    const size = sizeAfter(rule.effect, 0) ?? 0;
    if (size >= min && size <= max) return [];
    const message = `${rule.name} sets ${size}, but the site file allows ${min} to ${max}`;
    return [{ path: ["when", at, "do"], column: null, message, hint: "" }];
  });
  const spans = rules.schedule.flatMap((entry, at) => {
    const isLow = entry.max !== null && entry.max < min;
    const isHigh = entry.min !== null && entry.min > max;
    if (!isLow && !isHigh) return [];
    const wish = isHigh ? `at least ${entry.min}` : `at most ${entry.max}`;
    const message = `${entry.text} wants ${wish}, but the site file allows ${min} to ${max}`;
    return [{ path: ["schedule", at], column: null, message, hint: "" }];
  });
  const targets = rules.targets.flatMap((target, at) => {
    const isShare = target.unit === "share" && target.value.kind !== "per_machine";
    if (!isShare || target.target * (1 + target.tolerance) < 1) return [];
    const message = `${target.name} never gets so far above ${showFigure(target.target, "share")} that a machine is added`;
    return [{ path: ["targets", at], column: null, message, hint: "take 70% or less" }];
  });
  return [...sets, ...spans, ...targets];
}

/** A processor that is busy all the time does not tell how much more there is to do. */
const saturationShare = 0.7;

function saturated(
  { targets, aim, when }: Rules,
  metrics: Metrics,
  thresholds: readonly Threshold[],
): readonly LintFinding[] {
  const isSaturating = (value: Value): boolean =>
    valuesOf(value).some((inner) => "metric" in inner && metrics.get(inner.metric)?.isSaturating);
  const hint = "in_flight per machine tells how much more there is to do";
  const wrong = targets.flatMap((target, at) => {
    if (!isSaturating(target.value) || target.target <= saturationShare) return [];
    const times = showFigure(1 / target.target, "number");
    const message = `${target.name} ends at 100%, so this target never asks for more than ${times} times the machines at once`;
    return [{ path: ["targets", at], column: null, message, hint }];
  });
  const grows = thresholds.filter(({ effect }) => effect === "grow");
  const isHeard =
    aim !== null ||
    targets.some(({ value }) => !isSaturating(value)) ||
    grows.some(({ left }) => !isSaturating(left)) ||
    when.length === 0;
  const late = grows.find(({ figure, left }) => isSaturating(left) && figure > saturationShare);
  if (isHeard || late === undefined) return wrong;
  const message = `only ${printValue(late.left)} adds machines, and above ${showFigure(saturationShare, "share")} it does not tell how many are needed`;
  return [...wrong, finding(late, message, hint)];
}

function unfloored({ when }: Rules): readonly LintFinding[] {
  return when.flatMap((rule, at) => {
    if (rule.kind === "steps") return [];
    const bare = waysOf(rule.if).flatMap((way) => {
      const isFloored = way.some(
        ({ left, operator }) =>
          operator.startsWith(">") &&
          valuesOf(left).some((value) => value.kind === "window" && value.of === "sum"),
      );
      const quantile = way.find(({ left }) =>
        valuesOf(left).some(({ kind }) => kind === "quantile"),
      );
      return isFloored || quantile === undefined ? [] : [quantile];
    })[0];
    if (bare === undefined) return [];
    const message = `${rule.name} looks at ${printValue(bare.left)} of however few answers`;
    const hint = "add `and requests(30s) >= 50`: a slow answer at night is no crowd";
    return [{ path: ["when", at, "if"], column: bare.column, message, hint }];
  });
}

function oneWay({ aim, targets, when }: Rules): readonly LintFinding[] {
  if (aim !== null || targets.length > 0 || when.length === 0) return [];
  const effects = when.flatMap((rule) =>
    rule.kind === "if" ? [rule.effect] : rule.steps.map(({ effect }) => effect),
  );
  const isGrowing = effects.some((effect) => effectKind(effect) === "grow");
  if (!isGrowing || effects.some(({ kind }) => kind === "remove" || kind === "set")) return [];
  const message = "no rule gives machines back";
  return [{ path: ["when"], column: null, message, hint: "add one with remove, or a target" }];
}

function hasty({ limits, when }: Rules, { bootS }: LintContext): readonly LintFinding[] {
  const { holdS, cooldownDownS } = limits;
  if (bootS !== null && holdS < bootS) {
    const message = `machines take ${bootS} s to boot and are kept for only ${holdS} s`;
    return [
      { path: ["limits", "hold"], column: null, message, hint: "hold them at least so long" },
    ];
  }
  const at = when.findIndex((rule) => rule.kind === "if" && rule.effect.kind === "remove");
  if (holdS > 0 || cooldownDownS > 0 || at === -1) return [];
  const message = "machines are removed in every second in which the condition holds";
  return [{ path: ["when", at, "do"], column: null, message, hint: "give a hold, or a cooldown" }];
}

function finding({ path, column }: Threshold, message: string, hint: string): LintFinding {
  return { path, column, message, hint };
}
