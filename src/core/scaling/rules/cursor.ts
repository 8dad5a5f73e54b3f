import { ExpressionError, tokenize, type Token } from "./token.ts";

/** Walks through the words of a text. */
export interface Cursor {
  readonly next: () => Token;
  /** The word that many places after the next one. */
  readonly ahead: (places: number) => Token;
  /** Moves on and gives what it has passed. */
  readonly pass: () => Token;
  /** Passes the word when it is this one. */
  readonly took: (text: string) => boolean;
  readonly expect: (text: string, why: string) => void;
  readonly fail: (expected: string, hint?: string) => ExpressionError;
}

/** Begins at the first word. */
function createCursor(text: string): Cursor {
  const tokens = tokenize(text);
  const end = tokens.at(-1) ?? { kind: "end", text: "", column: 1 };
  let at = 0;
  const next = (): Token => tokens[at] ?? end;
  const fail = (expected: string, hint = ""): ExpressionError => {
    const { kind, text, column } = next();
    const found = kind === "end" ? "the end" : JSON.stringify(text);
    return new ExpressionError(column, `expected ${expected}, found ${found}`, hint);
  };
  const isNext = (text: string): boolean => {
    const token = next();
    return (token.kind === "name" || token.kind === "sign") && token.text === text;
  };
  const took = (text: string): boolean => {
    if (!isNext(text)) return false;
    at += 1;
    return true;
  };
  return {
    next,
    ahead: (places) => tokens[at + places] ?? end,
    pass() {
      const token = next();
      at += 1;
      return token;
    },
    took,
    expect(text, why) {
      if (!took(text)) throw fail(`${JSON.stringify(text)} ${why}`);
    },
    fail,
  };
}

/** What a text was read as, or what is wrong with it and at which column, from 1. */
export type Parsed<T> =
  | { readonly isRight: true; readonly value: T }
  | {
      readonly isRight: false;
      readonly column: number;
      readonly message: string;
      readonly hint: string;
    };

/** Reads the whole text. */
export function readWhole<T>(text: string, read: (cursor: Cursor) => T): Parsed<T> {
  try {
    const cursor = createCursor(text);
    const value = read(cursor);
    if (cursor.next().kind !== "end") throw cursor.fail("and, or, or the end");
    return { isRight: true, value };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { column, message, hint } = error;
    return { isRight: false, column, message, hint };
  }
}
