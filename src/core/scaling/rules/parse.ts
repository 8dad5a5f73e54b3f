import { costMax, costOf, depthMax, depthOf } from "./cost.ts";
import { readWhole, type Parsed } from "./cursor.ts";
import type { CompareOperator, Comparison, Condition, Until } from "./expression.ts";
import type { Metrics } from "./metric.ts";
import { addition, readSeconds, refuseUnits, valueOf } from "./parse-value.ts";
import type { Grammar, Read, TypedValue } from "./parse-value.ts";
import { ExpressionError } from "./token.ts";
import type { Unit } from "./unit.ts";

/** Reads a condition such as `cpu > 85% for 20s or queue > 0`. */
export function parseCondition(text: string, metrics: Metrics): Parsed<Condition> {
  return readWhole(text, (cursor) => {
    const grammar = createGrammar({ cursor, metrics });
    const condition = conditionOf(either(grammar, 0), grammar);
    refuseDepth(condition);
    if (costOf(condition) <= costMax) return condition;
    throw new ExpressionError(1, "expected shorter windows: all of them together are too long");
  });
}

/** Reads a value such as `avg(cpu, 1m)`. */
export function parseValue(text: string, metrics: Metrics): Parsed<TypedValue> {
  return readWhole(text, (cursor) => {
    const read = valueOf(addition(createGrammar({ cursor, metrics }), 0), cursor);
    refuseDepth(read.value);
    return read;
  });
}

/** Reads a figure such as `70%`. */
export function parseFigure(text: string): Parsed<{ readonly value: number; readonly unit: Unit }> {
  return readWhole(text, (cursor) => {
    const token = cursor.next();
    if (token.kind !== "number") throw cursor.fail("a figure such as 70%");
    cursor.pass();
    return { value: token.value, unit: token.unit };
  });
}

/** More parentheses in each other are nobody's, and a recursive reader must end. */
const levelsMax = 20;
const lastingSecondsMax = 3_600;

function refuseDepth(expression: object): void {
  if (depthOf(expression) <= depthMax) return;
  throw new ExpressionError(1, "expected fewer steps, or parentheses, in one expression");
}

function createGrammar({ cursor, metrics }: Pick<Grammar, "cursor" | "metrics">): Grammar {
  let untils = 0;
  const grammar: Grammar = {
    cursor,
    metrics,
    nextUntil: () => untils++,
    inner: (depth) => either(grammar, depth),
  };
  return grammar;
}

function either(grammar: Grammar, depth: number): Read {
  if (depth > levelsMax) throw grammar.cursor.fail(`at most ${levelsMax} levels`);
  return joined(grammar, "or", () => joined(grammar, "and", () => negated(grammar, depth)));
}

/** `a or b or c`: all of them conditions, when there is more than one. */
function joined(grammar: Grammar, word: "and" | "or", read: () => Read): Read {
  const { cursor } = grammar;
  const first = read();
  if (cursor.next().text !== word) return first;
  const items = [conditionOf(first, grammar)];
  while (cursor.took(word)) items.push(conditionOf(read(), grammar));
  return { kind: "condition", condition: { kind: word === "or" ? "any" : "all", items } };
}

function conditionOf(read: Read, { cursor }: Grammar): Condition {
  if (read.kind === "condition") return read.condition;
  throw cursor.fail("a comparison such as > 70%");
}

function negated(grammar: Grammar, depth: number): Read {
  if (depth > levelsMax) throw grammar.cursor.fail(`at most ${levelsMax} levels`);
  if (!grammar.cursor.took("not")) return lasting(grammar, depth);
  const of = conditionOf(negated(grammar, depth + 1), grammar);
  return { kind: "condition", condition: { kind: "not", of } };
}

/** `cpu > 85% for 20s`: it belongs to the comparison, or the parenthesis, before it. */
function lasting(grammar: Grammar, depth: number): Read {
  const read = compared(grammar, depth);
  const { cursor } = grammar;
  if (cursor.next().text !== "for") return read;
  const of = conditionOf(read, grammar);
  cursor.pass();
  const { column } = cursor.next();
  const seconds = readSeconds(cursor, lastingSecondsMax);
  const condition = { kind: "for", of, seconds } as const;
  if (costOf(condition) > costMax) {
    const message = "expected a shorter time, since each of its seconds looks back as well";
    throw new ExpressionError(column, message);
  }
  return { kind: "condition", condition };
}

function compared(grammar: Grammar, depth: number): Read {
  const { cursor } = grammar;
  const column = cursor.next().column;
  const read = addition(grammar, depth);
  const operator = takeOperator(grammar);
  if (operator === null) return read;
  const left = valueOf(read, cursor);
  const right = rightSide(grammar, left.unit, depth);
  const until = untilOf(grammar, left.unit, operator, depth);
  const condition: Comparison = {
    kind: "compare",
    operator,
    left: left.value,
    right,
    until,
    column,
  };
  return { kind: "condition", condition };
}

function rightSide(grammar: Grammar, unit: Unit, depth: number): Comparison["right"] {
  const { cursor } = grammar;
  const { column } = cursor.next();
  const right = valueOf(addition(grammar, depth), cursor);
  if (right.unit !== unit) throw refuseUnits(column, unit, right);
  return right.value;
}

function untilOf(
  grammar: Grammar,
  unit: Unit,
  operator: CompareOperator,
  depth: number,
): Until | null {
  const { cursor } = grammar;
  if (!cursor.took("until")) return null;
  const isRising = operator.startsWith(">");
  const isFalling = operator.startsWith("<");
  const back = takeOperator(grammar);
  const isBack = back !== null && (isRising ? back.startsWith("<") : back.startsWith(">"));
  if (!isBack || (!isRising && !isFalling)) {
    throw cursor.fail(isRising ? "< or <= after until" : "> or >= after until");
  }
  const right = rightSide(grammar, unit, depth);
  return { operator: back, right, id: grammar.nextUntil() };
}

function takeOperator({ cursor }: Grammar): CompareOperator | null {
  const { text, kind } = cursor.next();
  if (kind !== "sign") return null;
  if (text === "=") throw cursor.fail("==, which compares");
  const operator = operators.find((known) => known === text);
  if (operator !== undefined) cursor.pass();
  return operator ?? null;
}
const operators: readonly CompareOperator[] = ["<", "<=", ">", ">=", "==", "!="];
