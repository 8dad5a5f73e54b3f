import * as z from "zod";
import { showValue, type Form } from "./form.ts";

/** What a reader of the documentation, an editor and an error message need to know about a key. */
export interface Facts {
  readonly what: string;
  readonly example: unknown;
  /** In words, where the default is no value that could be written in the file. */
  readonly defaultText?: string;
}

/** A key that must be there. */
export function required<T>(form: Form<T>, facts: Facts) {
  return parser(form).meta(describe(form, facts));
}

/** A key with a default, given as it would be written in the file. */
export function withDefault<T>(form: Form<T>, fallback: unknown, facts: Facts) {
  return parser(form)
    .prefault(fallback)
    .meta({ ...describe(form, facts), default: fallback });
}

/** A key that may be left out; then its value is null. */
export function optional<T>(form: Form<T>, facts: Facts) {
  return parser(form)
    .optional()
    .transform((value) => value ?? null)
    .meta(describe(form, facts));
}

/** An entry of a list. */
export function entry<T>(form: Form<T>) {
  return parser(form).meta({ ...form.json, expected: form.expected });
}

/** A short way to write a mapping, e.g. `check: /up` for `check: { path: /up }`. */
export interface Shorthand {
  readonly expected: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly expand: (value: unknown) => Readonly<Record<string, unknown>> | null;
}

/** A mapping of known keys. Left out, it is taken as empty, so that the defaults of its keys hold. */
export function mapping<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  facts: Facts,
  shorthand: Shorthand | null = null,
) {
  const expected = shorthand?.expected ?? "a mapping";
  return z
    .preprocess((value, context) => {
      if (isMapping(value)) return value;
      const expanded = shorthand?.expand(value) ?? null;
      if (expanded !== null) return expanded;
      const message = `expected ${expected}, got ${showValue(value)}`;
      context.issues.push({ code: "custom", message, input: value });
      return z.NEVER;
    }, z.strictObject(shape))
    .prefault({})
    .meta({
      ...describe({ expected, json: {} }, facts),
      ...(shorthand === null ? {} : { shorthand: shorthand.json }),
    });
}

/** A list; a single value stands for a list of one. */
export function list<Item extends z.ZodType>(
  item: Item,
  facts: Facts & { readonly expected: string },
) {
  return z
    .preprocess((value, context) => {
      const items = Array.isArray(value) ? value : value === null ? null : [value];
      if (items !== null && items.length <= itemsMax) return items;
      const message =
        items === null
          ? `expected ${facts.expected}, got nothing`
          : `expected at most ${itemsMax} entries, got ${items.length}`;
      context.issues.push({ code: "custom", message, input: value });
      return z.NEVER;
    }, z.array(item))
    .prefault([])
    .meta(describe({ expected: facts.expected, json: {} }, facts));
}
const itemsMax = 1_000;

/** A mapping whose keys the user chooses. */
export function record<T>(
  name: Form<string>,
  item: Form<T>,
  facts: Facts & { readonly expected: string },
) {
  return z
    .unknown()
    .transform((value, context): Readonly<Record<string, T>> => {
      if (!isMapping(value)) {
        const got = item.isSecret === true ? "" : `, got ${showValue(value)}`;
        const message = `expected ${facts.expected}${got}`;
        context.issues.push({ code: "custom", message, input: value });
        return z.NEVER;
      }
      const entries: [string, T][] = [];
      for (const [key, raw] of Object.entries(value)) {
        const problem = problemOf(name, key);
        if (problem !== null)
          context.issues.push({ ...problem, path: [key], input: key, params: { isKey: true } });
        const parsed = item.parse(raw);
        if (parsed.isRight) entries.push([key, parsed.value]);
        else context.issues.push({ ...issueOf(item, parsed, raw), path: [key], input: raw });
      }
      return Object.fromEntries(entries);
    })
    .prefault({})
    .meta({
      ...describe({ expected: facts.expected, json: {} }, facts),
      type: "object",
      propertyNames: name.json,
      additionalProperties: item.json,
    });
}

/** Whether the value is a mapping with keys, and no list. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parser<T>(form: Form<T>) {
  return z.unknown().transform((value, context): T => {
    const parsed = form.parse(value);
    if (parsed.isRight) return parsed.value;
    context.issues.push({ ...issueOf(form, parsed, value), input: value });
    return z.NEVER;
  });
}

function problemOf<T>(form: Form<T>, value: unknown) {
  const parsed = form.parse(value);
  return parsed.isRight ? null : issueOf(form, parsed, value);
}

function issueOf<T>(
  form: Form<T>,
  parsed: { readonly expected: string | null; readonly hint?: string },
  value: unknown,
) {
  const got = form.isSecret === true ? "" : `, got ${showValue(value)}`;
  const message = `expected ${parsed.expected ?? form.expected}${got}`;
  return { code: "custom" as const, message, params: { hint: parsed.hint ?? "" } };
}

function describe(form: Pick<Form<unknown>, "expected" | "json">, facts: Facts) {
  return {
    ...form.json,
    description: facts.what,
    expected: form.expected,
    sample: facts.example,
    ...(facts.defaultText === undefined ? {} : { defaultText: facts.defaultText }),
  };
}
