import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap } from "yaml";
import type { Path } from "./located.ts";

/** A value as it is written in YAML, and where it belongs. */
export interface Edit {
  readonly path: Path;
  readonly value: string;
}

/** The text with those values, and else as it was: comments, order and quotes stay. Null where that cannot be done. */
export function editYaml(text: string, edits: readonly Edit[]): string | null {
  let edited = text;
  for (const edit of edits) {
    const next = editOne(edited, edit);
    if (next === null) return null;
    edited = next;
  }
  return edited;
}

function editOne(text: string, { path, value }: Edit): string | null {
  const document = parseDocument(text, { stringKeys: true, logLevel: "silent" });
  if (document.errors.length > 0) return null;
  let node: unknown = document.contents;
  for (const [depth, step] of path.entries()) {
    const rest = path.slice(depth + 1);
    if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      continue;
    }
    if (!isMap(node)) return null;
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    if (pair === undefined) return insert(text, node, `${step}: ${nested(rest, value)}`);
    if (isEmpty(pair)) return fill(text, pair, nested(rest, value));
    node = pair.value;
  }
  if (!isScalar(node)) return null;
  const { range } = node;
  return range === undefined || range === null ? null : splice(text, range[0], range[1], value);
}

/** `a: { b: 1 }` below a key that is not there. */
function nested(path: Path, value: string): string {
  return path.reduceRight<string>((inner, step) => `{ ${step}: ${inner} }`, value);
}

/** `scale:` with nothing after it. */
function isEmpty({ value }: Pair): boolean {
  return value === null || (isScalar(value) && value.value === null && (value.source ?? "") === "");
}

function fill(text: string, { key }: Pair, value: string): string | null {
  const range = (key as Node | null)?.range;
  if (range === undefined || range === null) return null;
  const colon = text.indexOf(":", range[1]);
  return colon === -1 ? null : splice(text, colon + 1, colon + 1, ` ${value}`);
}

function insert(text: string, map: YAMLMap, entry: string): string | null {
  const { range } = map;
  const last = map.items.at(-1);
  if (range === undefined || range === null) return null;
  if (map.flow === true) {
    const end = lastInk(text, range[1] - 1);
    const comma = last === undefined || text[end - 1] === "," ? " " : ", ";
    const closing = last === undefined && text[end] === "}" ? " " : "";
    return splice(text, end, end, `${comma}${entry}${closing}`);
  }
  const first = map.items[0]?.key as Node | undefined;
  const end = ((last?.value ?? last?.key) as Node | undefined)?.range?.[1];
  if (first?.range === undefined || first.range === null || end === undefined) return null;
  const lineStart = text.lastIndexOf("\n", first.range[0] - 1) + 1;
  const indent = " ".repeat(first.range[0] - lineStart);
  const newline = text.indexOf("\n", lastInk(text, end));
  const at = newline === -1 ? text.length : newline;
  return splice(text, at, at, `\n${indent}${entry}`);
}

/** After the last character before `end` that is no space. */
function lastInk(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] ?? "")) at -= 1;
  return at;
}

function splice(text: string, from: number, to: number, value: string): string {
  return text.slice(0, from) + value + text.slice(to);
}
