import type { Change, SiteEvent } from "../inventory.ts";

/** What came of an operator's wish. Only `done` changes anything. */
export type Outcome =
  | {
      readonly kind: "done";
      readonly changes: readonly Change[];
      readonly event: Omit<SiteEvent, "at"> | null;
      /** Set when a deploy began that can be waited for. */
      readonly deploy: number | null;
    }
  /** A guard protects the site from the wish. */
  | { readonly kind: "refused"; readonly guard: string; readonly message: string }
  /** A deploy holds the lock. */
  | { readonly kind: "locked"; readonly deploy: number; readonly message: string }
  | { readonly kind: "unknown"; readonly message: string };

/** A wish that was not granted, whatever it was for. */
export type Denial = Extract<Outcome, { kind: "refused" | "unknown" }>;

export function refused(guard: string, message: string): Denial {
  return { kind: "refused", guard, message };
}

export function unknown(message: string): Denial {
  return { kind: "unknown", message };
}
