import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";

/** One command: what it is called, what it takes, and what it does. Help and docs are made from it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** More than the summary says; null when that says it all. */
  readonly details: string | null;
  readonly words: readonly Word[];
  readonly options: readonly Option[];
  readonly examples: readonly string[];
  readonly run: (context: Context, given: Given) => Promise<ExitCode>;
}

/** A word after the command's name. */
interface Word {
  /** As commander writes it: `<name>`, `[name]`, `[name...]`. */
  readonly form: string;
  readonly about: string;
  readonly choices?: readonly string[];
}

export interface Option {
  /** As commander writes it: `--timeout <duration>`. */
  readonly flags: string;
  readonly about: string;
  /** It may be given more than once. */
  readonly isRepeatable?: boolean;
}

/** What was typed. */
export interface Given {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Whether the option was given. */
export function isGiven(given: Given, option: string): boolean {
  return given.options[option] === true;
}

/** The option's value; null when it was not given. */
export function valueOf(given: Given, option: string): string | null {
  const value = given.options[option];
  return typeof value === "string" ? value : null;
}

/** All values of an option that may be given more than once. */
export function valuesOf(given: Given, option: string): readonly string[] {
  const values = given.options[option];
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
}
