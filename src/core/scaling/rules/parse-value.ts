import type { Cursor } from "./cursor.ts";
import { aggregates, poolWords } from "./expression.ts";
import type { Aggregate, ArithmeticOperator, Condition, Value } from "./expression.ts";
import { responseTime, type MetricFacts, type Metrics } from "./metric.ts";
import { nearestName } from "../../nearest-name.ts";
import { ExpressionError } from "./token.ts";
import { printFigure, unitNames, type Unit } from "./unit.ts";

/** A value with its unit. */
export interface TypedValue {
  readonly value: Value;
  readonly unit: Unit;
}

/** What a part of an expression turned out to be. */
export type Read =
  | ({ readonly kind: "value" } & TypedValue)
  | { readonly kind: "condition"; readonly condition: Condition };

/** What the reading functions share. */
export interface Grammar {
  readonly cursor: Cursor;
  readonly metrics: Metrics;
  readonly nextUntil: () => number;
  /** What stands in parentheses: a value or a condition. */
  readonly inner: (depth: number) => Read;
}

/** No figure is kept for longer. */
const windowSecondsMax = 3_600;
/** Percentiles without a window look back so far. */
const quantileSeconds = 10;

/** `a + b - c`. */
export function addition(grammar: Grammar, depth: number): Read {
  return chain(grammar, ["+", "-"], () => multiplication(grammar, depth));
}

function multiplication(grammar: Grammar, depth: number): Read {
  return chain(grammar, ["*", "/"], () => perMachine(grammar, depth));
}

function chain(grammar: Grammar, signs: readonly ArithmeticOperator[], read: () => Read): Read {
  const { cursor } = grammar;
  let left = read();
  for (;;) {
    const { column, text, kind } = cursor.next();
    const operator = kind === "sign" ? signs.find((sign) => sign === text) : undefined;
    if (operator === undefined) return left;
    const first = valueOf(left, cursor);
    cursor.pass();
    const second = valueOf(read(), cursor);
    const unit = unitOf(operator, first.unit, second.unit, column);
    const value = { kind: "arithmetic", operator, left: first.value, right: second.value } as const;
    left = { kind: "value", value, unit };
  }
}

function unitOf(operator: ArithmeticOperator, left: Unit, right: Unit, column: number): Unit {
  switch (operator) {
    case "+":
    case "-":
      if (left === right) return left;
      break;
    case "*":
      if (isFactor(right)) return left;
      if (isFactor(left)) return right;
      if (isPair(left, right, "rate", "duration")) return "number";
      break;
    case "/":
      if (left === right) return left === "number" ? "number" : "share";
      if (isFactor(right)) return left;
      if (left === "number" && right === "duration") return "rate";
      if (left === "number" && right === "rate") return "duration";
      break;
  }
  const what = `${unitNames[left]} ${operator} ${unitNames[right]}`;
  throw new ExpressionError(column, `found ${what}, which has no meaning`);
}

function isFactor(unit: Unit): boolean {
  return unit === "number" || unit === "share";
}

function isPair(left: Unit, right: Unit, one: Unit, other: Unit): boolean {
  return (left === one && right === other) || (left === other && right === one);
}

function perMachine(grammar: Grammar, depth: number): Read {
  const { cursor } = grammar;
  const { column } = cursor.next();
  const read = primary(grammar, depth);
  if (cursor.next().text !== "per") return read;
  const { value, unit } = valueOf(read, cursor);
  cursor.pass();
  cursor.expect("machine", "after per");
  if (isOfMachine(value, grammar.metrics)) {
    throw new ExpressionError(column, "found per machine after a mean over the machines");
  }
  return { kind: "value", value: { kind: "per_machine", of: value }, unit };
}

function isOfMachine(value: Value, metrics: Metrics): boolean {
  if (value.kind === "per_machine" || value.kind === "pool" || value.kind === "quantile")
    return true;
  const isMetric = value.kind === "metric" || value.kind === "window" || value.kind === "forecast";
  return isMetric && metrics.get(value.metric)?.scope !== "role";
}

function primary(grammar: Grammar, depth: number): Read {
  const { cursor } = grammar;
  const token = cursor.next();
  if (token.kind === "number") {
    cursor.pass();
    return constant(token.value, token.unit);
  }
  if (cursor.took("-")) {
    const figure = cursor.next();
    if (figure.kind !== "number") throw cursor.fail("a figure after -");
    cursor.pass();
    return constant(-figure.value, figure.unit);
  }
  if (cursor.took("(")) {
    const read = grammar.inner(depth + 1);
    cursor.expect(")", `for the ( at ${token.column}`);
    return read;
  }
  if (token.kind !== "name" || reserved.has(token.text)) throw cursor.fail("a metric or a figure");
  return { kind: "value", ...named(grammar, depth) };
}
const reserved: ReadonlySet<string> = new Set(["and", "or", "not", "for", "until", "per"]);

function constant(value: number, unit: Unit): Read {
  return { kind: "value", value: { kind: "constant", value, unit }, unit };
}

function named(grammar: Grammar, depth: number): TypedValue {
  const { cursor } = grammar;
  const { text, column } = cursor.next();
  const isCall = cursor.ahead(1).text === "(";
  if (!isCall) {
    const word = poolWords.find((word) => word === text);
    if (word === undefined) return metricValue(grammar);
    cursor.pass();
    return { value: { kind: "pool", of: word }, unit: word === "boot" ? "duration" : "number" };
  }
  cursor.pass();
  cursor.pass();
  const read = call(grammar, text, column, depth + 1);
  cursor.expect(")", `after what ${text} is given`);
  return read;
}

function call(grammar: Grammar, text: string, column: number, depth: number): TypedValue {
  const { cursor } = grammar;
  if (text === "min" || text === "max") {
    return isWindowNext(grammar) ? windowed(grammar, text) : extreme(grammar, text, depth);
  }
  const aggregate = aggregates.find((known) => known === text);
  if (aggregate !== undefined) return windowed(grammar, aggregate);
  const digits = /^p([1-9]\d{1,2})$/.exec(text)?.[1];
  if (digits !== undefined) return quantile(grammar, digits);
  if (text === "requests") {
    const seconds = readSeconds(cursor, windowSecondsMax);
    const value = { kind: "window", of: "sum", metric: "arrivals", seconds } as const;
    return { value, unit: "number" };
  }
  if (text === "forecast") return forecast(grammar, depth);
  if (text === "ceil") {
    const { value, unit } = valueOf(grammar.inner(depth), cursor);
    return { value: { kind: "ceil", of: value }, unit };
  }
  const functions = [...aggregates, "p50 … p99", "requests", "forecast", "ceil"];
  const hint = `there are ${functions.join(", ")}`;
  throw new ExpressionError(column, `found ${JSON.stringify(text)}, which is no function`, hint);
}

/** `max(cpu, 1m)` looks back, `max(cpu, 60%)` takes the larger one: the second word tells. */
function isWindowNext({ cursor, metrics }: Grammar): boolean {
  const window = cursor.ahead(2);
  const isDuration = window.kind === "number" && window.unit === "duration";
  const isCall = cursor.ahead(1).text === "," && cursor.ahead(3).text === ")";
  return metrics.has(cursor.next().text) && isCall && isDuration;
}

function extreme(grammar: Grammar, of: "min" | "max", depth: number): TypedValue {
  const { cursor } = grammar;
  const first = valueOf(grammar.inner(depth), cursor);
  const items = [first.value];
  while (cursor.took(",")) {
    const { column } = cursor.next();
    const item = valueOf(grammar.inner(depth), cursor);
    if (item.unit !== first.unit) throw refuseUnits(column, first.unit, item);
    items.push(item.value);
  }
  return { value: { kind: "extreme", of, items }, unit: first.unit };
}

function windowed(grammar: Grammar, of: Aggregate): TypedValue {
  const { cursor } = grammar;
  const { column } = cursor.next();
  const { name, facts } = readMetric(grammar);
  cursor.expect(",", `and a window such as 1m after ${name}`);
  const windowColumn = cursor.next().column;
  const seconds = readSeconds(cursor, windowSecondsMax);
  if (seconds < facts.everyS * (of === "slope" || of === "rate" ? 2 : 1)) {
    const message = `found ${printFigure(seconds, "duration")}, but ${name} is read every ${printFigure(facts.everyS, "duration")}`;
    throw new ExpressionError(windowColumn, message, "take a longer window");
  }
  const unit = unitOfAggregate(of, facts.unit);
  if (unit === null) {
    const hint = of === "rate" && facts.unit === "rate" ? "take avg" : "";
    throw new ExpressionError(column, `found ${of} of ${unitNames[facts.unit]}`, hint);
  }
  return { value: { kind: "window", of, metric: name, seconds }, unit };
}

/** A sum over time of what is per second is a number of things; a share summed up over time is nothing. */
function unitOfAggregate(of: Aggregate, unit: Unit): Unit | null {
  if (of === "sum") return unit === "rate" || unit === "number" ? "number" : null;
  if (of === "rate") return unit === "number" ? "rate" : null;
  return unit;
}

function quantile({ cursor }: Grammar, digits: string): TypedValue {
  if (!cursor.took(responseTime)) throw cursor.fail(`${responseTime}, the response time`);
  const p = Number(digits) / 10 ** digits.length;
  const seconds = cursor.took(",") ? readSeconds(cursor, windowSecondsMax) : quantileSeconds;
  return { value: { kind: "quantile", p, seconds }, unit: "duration" };
}

function forecast(grammar: Grammar, depth: number): TypedValue {
  const { cursor } = grammar;
  const { name, facts } = readMetric(grammar);
  cursor.expect(",", "and how far ahead, such as boot");
  const { column } = cursor.next();
  const lead = valueOf(grammar.inner(depth), cursor);
  if (lead.unit !== "duration") throw refuseUnits(column, "duration", lead);
  return { value: { kind: "forecast", metric: name, lead: lead.value }, unit: facts.unit };
}

function metricValue(grammar: Grammar): TypedValue {
  const { name, facts } = readMetric(grammar);
  return { value: { kind: "metric", metric: name }, unit: facts.unit };
}

function readMetric({ cursor, metrics }: Grammar): {
  readonly name: string;
  readonly facts: MetricFacts;
} {
  const { kind, text: name, column } = cursor.next();
  if (kind !== "name" || reserved.has(name)) throw cursor.fail("a metric such as cpu");
  const facts = metrics.get(name);
  if (facts !== undefined) {
    cursor.pass();
    return { name, facts };
  }
  if (name === responseTime) {
    const hint = "take a percentile such as p95(rt)";
    throw new ExpressionError(column, "found rt, which is many response times", hint);
  }
  const names = [...metrics.keys()];
  const nearest = nearestName(name, names);
  const hint = nearest === null ? `metrics are ${names.join(", ")}` : `did you mean ${nearest}?`;
  throw new ExpressionError(column, `found ${name}, which is no metric`, hint);
}

/** A whole number of seconds. */
export function readSeconds(cursor: Cursor, secondsMax: number): number {
  const token = cursor.next();
  const isRight = token.kind === "number" && token.unit === "duration";
  if (!isRight) throw cursor.fail("a duration such as 30s");
  const { value } = token;
  if (!Number.isInteger(value) || value < 1 || value > secondsMax) {
    throw cursor.fail(`whole seconds, at most ${printFigure(secondsMax, "duration")}`);
  }
  cursor.pass();
  return value;
}

/** What was read, if it is no condition. */
export function valueOf(read: Read, cursor: Cursor): TypedValue {
  if (read.kind === "value") return { value: read.value, unit: read.unit };
  throw cursor.fail("a figure before this, not a comparison");
}

/** The other side of a comparison must be in the same unit. */
export function refuseUnits(
  column: number,
  wanted: Unit,
  { value, unit }: TypedValue,
): ExpressionError {
  const found = value.kind === "constant" ? printFigure(value.value, unit) : unitNames[unit];
  return new ExpressionError(column, `expected ${unitNames[wanted]}, found ${found}`);
}
