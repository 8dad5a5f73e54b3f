import { suffixes, type Unit } from "./unit.ts";

/** A word of an expression, with the column at which it begins, from 1. */
export type Token =
  | {
      readonly kind: "number";
      readonly value: number;
      readonly unit: Unit;
      readonly text: string;
      readonly column: number;
    }
  | { readonly kind: "name"; readonly text: string; readonly column: number }
  | { readonly kind: "sign"; readonly text: string; readonly column: number }
  | { readonly kind: "end"; readonly text: ""; readonly column: number };

/** What is wrong in an expression: thrown inside the parser alone, which gives it back as a value. */
export class ExpressionError extends Error {
  readonly column: number;
  readonly hint: string;

  constructor(column: number, message: string, hint = "") {
    super(message);
    this.column = column;
    this.hint = hint;
  }
}

/** Longer ones are nobody's, and would only keep the parser busy. */
const textLengthMax = 2_000;

const spaceForm = /[ \t\n\r]+/y;
const numberForm =
  /(\d{1,15}(?:\.\d{1,15})?)(\/[smh](?![A-Za-z0-9_])|%|[A-Za-z]{1,3}(?![A-Za-z0-9_]))?/y;
const nameForm = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y;
const signForm = /<=|>=|==|!=|[<>()+\-*/,=]/y;

/** The words of a text; ends with one of kind `end`. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > textLengthMax)
    throw new ExpressionError(1, `expected at most ${textLengthMax} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    const match = form.exec(text);
    if (match !== null) at = form.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (take(spaceForm) !== null) continue;
    const column = at + 1;
    const number = take(numberForm);
    if (number !== null) {
      tokens.push(numberToken(number, text, column));
      continue;
    }
    const name = take(nameForm)?.[0];
    const sign = name === undefined ? take(signForm)?.[0] : undefined;
    if (name !== undefined) tokens.push({ kind: "name", text: name, column });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, column });
    else
      throw new ExpressionError(
        column,
        `found ${JSON.stringify(text.charAt(at))}, which has no meaning here`,
      );
  }
  return [...tokens, { kind: "end", text: "", column: text.length + 1 }];
}

function numberToken(match: RegExpExecArray, text: string, column: number): Token {
  const [whole, digits = "", suffix] = match;
  const next = text.charAt(column - 1 + whole.length);
  if (suffix === undefined && /[A-Za-z0-9_.]/.test(next))
    throw unknownUnit(column, `${whole}${next}`);
  const scale = suffix === undefined ? plain : suffixes.get(suffix);
  if (scale === undefined) throw unknownUnit(column, whole);
  return {
    kind: "number",
    value: scaled(Number(digits), scale.factor),
    unit: scale.unit,
    text: whole,
    column,
  };
}
const plain = { unit: "number", factor: 1 } as const;

/** 7 % is 0.07, not 0.07000000000000001. */
function scaled(value: number, factor: number): number {
  return factor < 1 ? value / Math.round(1 / factor) : value * factor;
}

function unknownUnit(column: number, found: string): ExpressionError {
  const known = [...suffixes.keys()].join(", ");
  return new ExpressionError(
    column,
    `found ${JSON.stringify(found)}, whose unit is not known`,
    `units are ${known}`,
  );
}
