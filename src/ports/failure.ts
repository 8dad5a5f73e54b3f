/** `aborted`: our own deadline or stop. The others speak of the other side. */
export type FailureCode = "unavailable" | "rejected" | "not_found" | "throttled" | "aborted";

/** The outside world did not do what was asked. Adapters throw nothing else; decide on `code`, never on text. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
