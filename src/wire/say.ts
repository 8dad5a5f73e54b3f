import { Failure } from "../ports/failure.ts";

/** Into the controller's log. */
export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

/** Of what can be done without. */
export function sayFailure(cause: unknown): void {
  if (!(cause instanceof Failure)) throw cause;
  say(cause.message);
}
