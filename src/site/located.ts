import {
  LineCounter,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from "yaml";
import type { Place, SiteIssue, SiteIssueCode } from "./issue.ts";

/** A value of a YAML file that still knows where it stands, so that files can be merged and issues placed. */
export type Located = LocatedScalar | LocatedList | LocatedMapping;

export interface LocatedScalar {
  readonly kind: "scalar";
  readonly value: unknown;
  /** As it was written: `1.10` is not `1.1` where a text is wanted. */
  readonly source: string;
  readonly place: Place;
  /** Columns from the place to its text: a quote. Null where the text is written otherwise than it reads. */
  readonly textOffset: number | null;
}

export interface LocatedList {
  readonly kind: "list";
  readonly items: readonly Located[];
  readonly place: Place;
}

export interface LocatedMapping {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, LocatedEntry>;
  readonly place: Place;
}

export interface LocatedEntry {
  readonly keyPlace: Place;
  /** As of a scalar. */
  readonly keyTextOffset: number | null;
  readonly value: Located;
}

/** Keys and list positions from the top of the file. */
export type Path = readonly (string | number)[];

const textLengthMax = 1_048_576;
/** Aliases repeat what they point to, so a short text can unfold into a huge value. */
const nodesMax = 20_000;
const depthMax = 32;
/** One forgotten bracket can make the parser find fault with everything after it. */
const syntaxIssuesMax = 20;

/** Reads one YAML text; a text that is not YAML gives the issues alone. */
export function readYaml(
  file: string,
  text: string,
): { readonly root: Located; readonly issues: readonly SiteIssue[] } {
  const start: Place = { file, line: 1, column: 1 };
  const empty: Located = { kind: "mapping", entries: new Map(), place: start };
  const whole = (code: SiteIssueCode, message: string) => ({
    root: empty,
    issues: [{ ...start, path: "", code, message, hint: "" }],
  });
  if (text.length > textLengthMax) return whole("too_large", "a site file holds at most 1 MiB");
  if (isHopelesslyDeep(text)) return whole("too_large", "nested too deeply");
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  // The parser recurses, so a text of brackets alone can exhaust its stack.
  if (parsed === null) return whole("too_large", "nested too deeply");
  const { document, targets } = parsed;
  const errors = [...document.errors, ...document.warnings];
  if (errors.some(({ message }) => message.includes("call stack")))
    return whole("too_large", "nested too deeply");
  const issues = errors.slice(0, syntaxIssuesMax).map((error): SiteIssue => {
    const { line, col } = lines.linePos(error.pos[0]);
    const place = { file, line: Math.max(1, line), column: Math.max(1, col) };
    return { ...place, path: "", code: "syntax", message: plainMessage(error.message), hint: "" };
  });
  if (issues.length > 0) return { root: empty, issues };
  const reader = createReader(file, targets, lines);
  const root = document.contents === null ? empty : reader.read(document.contents, start, [], 0);
  return { root, issues: reader.issues };
}

/** Far deeper than a site is, and far less than what fills the parser's stack, which takes it seconds. */
const openMax = 500;
const openedInLine = new RegExp(`(?:[-?:][ \\t]+){${openMax}}`);

/** Before it is parsed, so whether a bracket is in a text is not known: those close again. */
function isHopelesslyDeep(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === "[" || character === "{") open += 1;
    else if ((character === "]" || character === "}") && open > 0) open -= 1;
    if (open > openMax) return true;
  }
  return openedInLine.test(text);
}

function parse(
  text: string,
  lines: LineCounter,
): { readonly document: Document; readonly targets: AliasTargets } | null {
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: "silent",
    });
    return { document, targets: aliasTargets(document) };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

type AliasTargets = ReadonlyMap<Alias, Node>;

/** In one walk: the library's own look-up walks the whole file for each alias, which a bomb has thousands of. */
function aliasTargets(document: Document): AliasTargets {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      const target = isAlias(node) ? anchors.get(node.source) : undefined;
      if (isAlias(node) && target !== undefined) targets.set(node, target);
      if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function plainMessage(message: string): string {
  const firstLine = message.split("\n")[0] ?? "";
  return `not valid YAML: ${firstLine.charAt(0).toLowerCase()}${firstLine.slice(1)}`;
}

function createReader(file: string, targets: AliasTargets, lines: LineCounter) {
  const issues: SiteIssue[] = [];
  let nodes = 0;

  const placeOf = (node: unknown, fallback: Place): Place => {
    const range = (node as Node | null)?.range;
    if (range === undefined || range === null) return fallback;
    const { line, col } = lines.linePos(range[0]);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };

  const refuse = (place: Place, path: Path, code: SiteIssueCode, message: string): Located => {
    if (issues.length === 0)
      issues.push({ ...place, path: formatPath(path), code, message, hint: "" });
    return { kind: "scalar", value: null, source: "", place, textOffset: null };
  };

  const read = (node: unknown, parent: Place, path: Path, depth: number): Located => {
    const place = placeOf(node, parent);
    if (++nodes > nodesMax || depth > depthMax)
      return refuse(place, path, "too_large", "holds too much, or an alias that repeats itself");
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined)
        return refuse(place, path, "syntax", `no anchor is named ${node.source}`);
      return { ...read(target, parent, path, depth + 1), place };
    }
    if (isSeq(node)) {
      const items = node.items.map((item, at) => read(item, place, [...path, at], depth + 1));
      return { kind: "list", items, place };
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): [string, LocatedEntry] => {
        const keyPlace = placeOf(key, place);
        const name = String(isScalar(key) ? key.value : key);
        const keyTextOffset = textOffsetOf(key);
        const inner = read(value, keyPlace, [...path, name], depth + 1);
        return [name, { keyPlace, keyTextOffset, value: inner }];
      });
      return { kind: "mapping", entries: new Map(entries), place };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    const source = isScalar(node) ? (node.source ?? String(value)) : "";
    return { kind: "scalar", value, source, place, textOffset: textOffsetOf(node) };
  };

  return { issues, read };
}

function textOffsetOf(node: unknown): number | null {
  if (!isScalar(node) || node.range === undefined || node.range === null) return null;
  const length = node.range[1] - node.range[0];
  const textLength = (node.source ?? "").length;
  if (node.type === "PLAIN") return length === textLength ? 0 : null;
  const isQuoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
  return isQuoted && length === textLength + 2 ? 1 : null;
}

/** The overlay's values over those of the base: mappings key by key, lists and scalars whole, null removes. */
export function mergeLocated(base: Located, overlay: Located): Located {
  if (overlay.kind !== "mapping") return overlay;
  const entries = new Map(base.kind === "mapping" ? base.entries : []);
  for (const [key, { keyPlace, keyTextOffset, value }] of overlay.entries) {
    if (value.kind === "scalar" && value.value === null) {
      entries.delete(key);
      continue;
    }
    const former = entries.get(key);
    const nothing: Located = { kind: "mapping", entries: new Map(), place: value.place };
    const merged = mergeLocated(former?.value ?? nothing, value);
    entries.set(key, { keyPlace, keyTextOffset, value: merged });
  }
  return { kind: "mapping", entries, place: overlay.place };
}

/** The bare value. `isText` says where a number or boolean is wanted as it was written. */
export function toPlain(node: Located, isText: (path: Path) => boolean, path: Path = []): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value !== null && isText(path) ? String(textOf(node)) : node.value;
    case "list":
      return node.items.map((item, at) => toPlain(item, isText, [...path, at]));
    case "mapping":
      return Object.fromEntries(
        [...node.entries].map(([key, { value }]) => [key, toPlain(value, isText, [...path, key])]),
      );
  }
}

function textOf(node: LocatedScalar): unknown {
  return typeof node.value === "string" ? node.value : node.source;
}

/**
 * Where the value at the path stands. For a key that is not there: the key of what should hold it. With
 * `isKey` the place of the last key itself.
 */
export function placeAt(root: Located, path: Path, isKey: boolean): Place {
  let node = root;
  let keyPlace = root.place;
  for (const [depth, step] of path.entries()) {
    const entry = childOf(node, step);
    if (entry === null) return keyPlace;
    node = entry.value;
    keyPlace = entry.keyPlace;
    if (isKey && depth === path.length - 1) return keyPlace;
  }
  return node.place;
}

/** A place within the text that the path leads to; its beginning where that cannot be told. */
export function placeWithin(root: Located, path: Path, isKey: boolean, column: number): Place {
  const place = placeAt(root, path, isKey);
  let node: Located | null = root;
  let keyTextOffset: number | null = null;
  for (const step of path) {
    const entry: LocatedEntry | null = node === null ? null : childOf(node, step);
    node = entry?.value ?? null;
    keyTextOffset = entry?.keyTextOffset ?? null;
  }
  const offset = isKey ? keyTextOffset : node?.kind === "scalar" ? node.textOffset : null;
  return offset === null ? place : { ...place, column: place.column + offset + column - 1 };
}

/** Whether the file says anything at the path. */
export function hasValueAt(root: Located, path: Path): boolean {
  let node: Located | null = root;
  for (const step of path) {
    node = childOf(node, step)?.value ?? null;
    if (node === null) return false;
  }
  return true;
}

function childOf(node: Located, step: string | number): LocatedEntry | null {
  if (node.kind === "mapping") return node.entries.get(String(step)) ?? null;
  if (node.kind === "scalar") return null;
  const item = node.items[Number(step)];
  return item === undefined ? null : { keyPlace: item.place, keyTextOffset: null, value: item };
}

/** As people write it: `web.files[0].path`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}
