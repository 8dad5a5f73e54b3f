/** How long this controller may act. */
export interface Tenure {
  /** By its own clock; 0 when it must not act any more. */
  remainingMs(): number;
  /** Aborts when it ends. */
  readonly signal: AbortSignal;
}

/** Of the only controller there can be. */
export const endlessTenure: Tenure = {
  remainingMs: () => Infinity,
  signal: new AbortController().signal,
};
