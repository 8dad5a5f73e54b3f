/** Marks what a shape gives instead of a value that does not fit. */
const misfit: unique symbol = Symbol("misfit");

/** What does not fit, and where. */
export interface Misfit {
  readonly [misfit]: string;
  /** E.g. `processes[0].port`; empty for the value as a whole. */
  readonly place: string;
}

/**
 * Reads a value that somebody else has sent: gives a copy in its precise type with nothing else in it, or says
 * why not. Never throws.
 */
export type Shape<T> = (value: unknown) => T | Misfit;

type ValueOf<S> = S extends Shape<infer T> ? Exclude<T, Misfit> : never;

export function isMisfit(value: unknown): value is Misfit {
  return typeof value === "object" && value !== null && misfit in value;
}

/** As people read it: `processes[0].port: no whole number`. Nothing that was sent is repeated in it. */
export function reasonOf(value: Misfit): string {
  return value.place === "" ? value[misfit] : `${value.place}: ${value[misfit]}`;
}

export function noFit(why: string, place = ""): Misfit {
  return { [misfit]: why, place };
}

/** A finite number between the bounds, both allowed. */
export function number(min: number, max: number): Shape<number> {
  const none = noFit(`no number from ${min} to ${max}`);
  return (value) => (typeof value === "number" && value >= min && value <= max ? value : none);
}

/** A whole number between the bounds, both allowed. */
export function whole(min: number, max: number): Shape<number> {
  const none = noFit(`no whole number from ${min} to ${max}`);
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? value
      : none;
}

export const flag: Shape<boolean> = (value) =>
  typeof value === "boolean" ? value : noFit("neither true nor false");

/** A text; what is longer is refused, because a part of it could mean something else. */
export function text(lengthMax: number): Shape<string> {
  const none = noFit(`no text of at most ${lengthMax} characters`);
  return (value) => (typeof value === "string" && value.length <= lengthMax ? value : none);
}

/** Words for people; what is longer is cut, and what no database takes is replaced. */
export function words(lengthMax: number): Shape<string> {
  const none = noFit("no text");
  return (value) =>
    typeof value === "string" ? value.slice(0, lengthMax).replaceAll("\0", "\ufffd") : none;
}

/** A name: a text without control characters, which neither databases nor people can take. */
export function name(lengthMax: number): Shape<string> {
  const none = noFit(`no name of at most ${lengthMax} characters`);
  return (value) =>
    // oxlint-disable-next-line no-control-regex
    typeof value === "string" && value.length <= lengthMax && !/[\0-\u001f\u007f]/.test(value)
      ? value
      : none;
}

export function oneOf<const T extends string | number>(...allowed: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(allowed);
  const none = noFit(`none of ${allowed.join(", ")}`);
  return (value) => (known.has(value) ? (value as T) : none);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? null : shape(value));
}

/** At most so many; a list that is longer is refused. */
export function list<T>(shape: Shape<T>, lengthMax: number): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > lengthMax) {
      return noFit(`no list of at most ${lengthMax}`);
    }
    const items: T[] = [];
    for (let at = 0; at < value.length; at++) {
      const item = shape(value[at]);
      if (isMisfit(item)) return within(`[${at}]`, item);
      items.push(item);
    }
    return items;
  };
}

/** An object with these keys; others are left out. */
export function record<Shapes extends Readonly<Record<string, Shape<unknown>>>>(
  shapes: Shapes,
): Shape<{ readonly [Key in keyof Shapes]: ValueOf<Shapes[Key]> }> {
  const entries = Object.entries(shapes);
  return (value) => {
    if (!isObject(value)) return noFit("no object");
    const read: Record<string, unknown> = {};
    for (const [key, shape] of entries) {
      const field = shape(Object.hasOwn(value, key) ? value[key] : undefined);
      if (isMisfit(field)) return within(key, field);
      read[key] = field;
    }
    return read as { readonly [Key in keyof Shapes]: ValueOf<Shapes[Key]> };
  };
}

/** Values of one shape by name. */
export function byName<T>(shape: Shape<T>, namesMax: number): Shape<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return noFit("no object");
    const entries = Object.entries(value);
    if (entries.length > namesMax) return noFit(`more than ${namesMax} names`);
    const read: (readonly [string, T])[] = [];
    for (const [name, field] of entries) {
      const item = shape(field);
      // The name may be anything, and reasons go into logs.
      if (isMisfit(item)) return within("a value", item);
      read.push([name, item]);
    }
    return Object.fromEntries(read);
  };
}

/** The one whose `kind` the object has. */
export function byKind<Shapes extends Readonly<Record<string, Shape<unknown>>>>(
  shapes: Shapes,
): Shape<
  { [Kind in keyof Shapes]: { readonly kind: Kind } & ValueOf<Shapes[Kind]> }[keyof Shapes]
> {
  type Value = {
    [Kind in keyof Shapes]: { readonly kind: Kind } & ValueOf<Shapes[Kind]>;
  }[keyof Shapes];
  const known = new Map(Object.entries(shapes));
  return (value) => {
    const kind = isObject(value) && Object.hasOwn(value, "kind") ? value["kind"] : undefined;
    const shape = typeof kind === "string" ? known.get(kind) : undefined;
    if (shape === undefined)
      return within("kind", noFit(`none of ${[...known.keys()].join(", ")}`));
    const read = shape(value);
    return isMisfit(read) ? read : ({ kind, ...(read as object) } as Value);
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function within(outer: string, inner: Misfit): Misfit {
  const dot = inner.place === "" || inner.place.startsWith("[") ? "" : ".";
  return noFit(inner[misfit], `${outer}${dot}${inner.place}`);
}
