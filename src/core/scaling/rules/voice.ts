/** What one rule says about the number of machines. */
export interface Voice {
  readonly rule: string;
  /** How many it needs. Who does not know, or does not agree to fewer, needs those there are. */
  readonly need: number;
  /** It is one of those that can give machines back. */
  readonly isShrinker: boolean;
  readonly sentence: string;
  /** What would have changed it; null where there is nothing to tell. */
  readonly near: Near | null;
}

/** A threshold, and how far it is, as a share of itself. */
export interface Near {
  readonly distance: number;
  /** Only the nearest one is ever told. */
  readonly tell: () => string;
}

/** The nearest of them. */
export function nearestOf(nears: readonly (Near | null)[]): Near | null {
  return nears.reduce<Near | null>(
    (best, near) => (near !== null && near.distance < (best?.distance ?? Infinity) ? near : best),
    null,
  );
}
