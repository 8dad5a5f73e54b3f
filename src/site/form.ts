/** A way to write a value: what is allowed, how an editor checks it, and how it becomes a precise type. */
export interface Form<T> {
  /** Ends the sentence `expected …`. */
  readonly expected: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly parse: (value: unknown) => Parsed<T>;
  /** The value must not be repeated in a message. */
  readonly isSecret?: true;
}

export type Parsed<T> =
  | { readonly isRight: true; readonly value: T }
  /** `expected` is what this very value should have been, where more can be said than the form does. */
  | { readonly isRight: false; readonly expected: string | null; readonly hint?: string };

/** The value is of the form. */
export function right<T>(value: T): Parsed<T> {
  return { isRight: true, value };
}

/** The value is not of the form. */
export function wrong(expected: string | null = null, hint?: string): Parsed<never> {
  return { isRight: false, expected, ...(hint === undefined ? {} : { hint }) };
}

/** A text that matches; the whole of it becomes the value. */
export function text(
  expected: string,
  pattern: RegExp,
  json: Form<string>["json"] = { type: "string", pattern: pattern.source },
): Form<string> {
  return {
    expected,
    json,
    parse: (value) =>
      typeof value === "string" && value.length <= textLengthMax && pattern.test(value)
        ? right(value)
        : wrong(),
  };
}
const textLengthMax = 65_536;

/** A whole number between two bounds, both allowed. */
export function count(min: number, max: number, example: number): Form<number> {
  return {
    expected: `a whole number from ${min} to ${max} such as ${example}`,
    json: { type: "integer", minimum: min, maximum: max },
    parse: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
        ? right(value)
        : wrong(),
  };
}

/** `500ms`, `30s`, `2m`, `1h`, in milliseconds. */
export function duration(minMs: number, example: string): Form<number> {
  const pattern = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
  return {
    expected: `a duration such as ${example}, at least ${minMs}ms and at most 24d`,
    json: { type: "string", pattern: pattern.source },
    parse: (value) => {
      if (value === 0 && minMs === 0) return right(0);
      const match = typeof value === "string" ? pattern.exec(value) : null;
      if (match === null) return wrong();
      const ms = Math.round(Number(match[1]) * (unitMs[match[2] ?? ""] ?? Number.NaN));
      return ms >= minMs && ms <= durationMsMax ? right(ms) : wrong();
    },
  };
}
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Timers and HAProxy's times end at 2^31 ms. */
const durationMsMax = 24 * 86_400_000;

/** `512MiB`, `2GiB`, `500MB`, in bytes. */
export function size(bytesMin: number, example: string): Form<number> {
  const pattern = /^(\d{1,9}(?:\.\d{1,3})?)(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$/;
  return {
    expected: `a size such as ${example}, at least ${bytesMin / 2 ** 20}MiB`,
    json: { type: "string", pattern: pattern.source },
    parse: (value) => {
      const match = typeof value === "string" ? pattern.exec(value) : null;
      if (match === null) return wrong();
      const bytes = Math.round(Number(match[1]) * (unitBytes[match[2] ?? ""] ?? Number.NaN));
      return bytes >= bytesMin && Number.isSafeInteger(bytes) ? right(bytes) : wrong();
    },
  };
}
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** `25%`, as a fraction of 1. */
export function percentage(minPercent: number, maxPercent: number, example: string): Form<number> {
  const pattern = /^(\d{1,5}(?:\.\d{1,3})?)%$/;
  return {
    expected: `a percentage from ${minPercent}% to ${maxPercent}% such as ${example}`,
    json: { type: "string", pattern: pattern.source },
    parse: (value) => {
      const match = typeof value === "string" ? pattern.exec(value) : null;
      const percent = match === null ? Number.NaN : Number(match[1]);
      return percent >= minPercent && percent <= maxPercent ? right(percent / 100) : wrong();
    },
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Form<Word> {
  return {
    expected: words.length === 1 ? `${words[0]}` : `one of ${words.join(", ")}`,
    json: { type: "string", enum: words },
    parse: (value) => {
      const word = words.find((word) => word === value);
      return word === undefined ? wrong() : right(word);
    },
  };
}

/** How a value is repeated in a message: short, and never the whole of a large one. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  const shown = JSON.stringify(value) ?? typeof value;
  return shown.length > shownLengthMax ? `${shown.slice(0, shownLengthMax)}…` : shown;
}
const shownLengthMax = 60;
