import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { isMisfit, reasonOf } from "../core/received/shape.ts";
import type { Shape } from "../core/received/shape.ts";
import { Failure } from "../ports/failure.ts";

/** Replaces the file as a whole: whenever the computer stops, it is the old one or the new one. Mode 0600. */
export function writeKept(path: string, text: string): void {
  const draft = `${path}.new`;
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  renameSync(draft, path);
}

/** The file's text; null when there is none. */
export function readKept(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Failure("unavailable", `Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * What the JSON file holds; null when there is none. For what must not be guessed: one that is damaged is a
 * `Failure` that says so, with the advice what to do.
 */
export function readKeptJson<T>(path: string, shape: Shape<T>, advice: string): T | null {
  const text = readKept(path);
  if (text === null) return null;
  const read = shape(parsed(text));
  if (!isMisfit(read)) return read;
  throw new Failure(
    "rejected",
    `Cannot read ${path}: it is damaged (${reasonOf(read)}); ${advice}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No shape has a place for it.
    return undefined;
  }
}
