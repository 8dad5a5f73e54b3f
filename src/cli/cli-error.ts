import { exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

export interface CliErrorFacts {
  /** For scripts, in `--json`. */
  readonly code: string;
  readonly exit: ExitCode;
  /** More lines for people, e.g. what a process printed last. */
  readonly details?: readonly string[];
  /** What is still serving; null where that is not in question. */
  readonly serving?: string | null;
  /** The command to type next. */
  readonly next?: string | null;
}

/** Ends a command: what failed, what is still serving, what to type next. Printed without a stack. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly facts: CliErrorFacts;

  constructor(message: string, facts: CliErrorFacts) {
    super(message);
    this.facts = facts;
  }
}

/** The command was typed wrongly. */
export function usageError(message: string, next: string | null = null): CliError {
  return new CliError(message, { code: "usage", exit: exitCodes.usage, next });
}
