import type { MachineLimits } from "./desired.ts";
import type { Change } from "./inventory.ts";
import type { Decision } from "./scaling/decision.ts";
import type { DecisionRecord } from "./scaling/decision-record.ts";

/** One step of a plan, so specific that applying it needs no choice. */
export interface Action {
  readonly kind: ActionKind;
  /** Machine, role or deploy it is about. */
  readonly subject: string;
  /** Why, in one sentence. */
  readonly reason: string;
  /** Written before the effect: the intent is on record first. */
  readonly changes: readonly Change[];
  readonly effect: Effect | null;
  /** It has been done before, and nobody knows with what success: no news for the history. */
  readonly isRepeat?: true;
}

export type ActionKind =
  | "launch"
  | "revive"
  | "confirm"
  | "drain"
  | "undrain"
  | "terminate"
  | "limits"
  | "forget"
  | "start"
  | "join"
  | "leave"
  | "stop"
  | "clean"
  | "scale"
  | "spend"
  | "deploy"
  | "revert"
  | "finish"
  | "run"
  | "prune";

/** What the world must do for it. Every effect is idempotent by its subject's name. */
export type Effect =
  | {
      readonly kind: "launch";
      readonly machine: string;
      readonly role: string;
      readonly number: number;
    }
  | { readonly kind: "terminate"; readonly machine: string }
  | {
      readonly kind: "limits";
      readonly machine: string;
      /** Where it was when it was told: elsewhere it may have been made anew. */
      readonly address: string | null;
      readonly limits: MachineLimits;
    }
  | { readonly kind: "remove-release"; readonly release: string };

/** Something that should happen and does not yet, and what it waits for. */
export interface Hold {
  readonly subject: string;
  readonly reason: string;
}

export interface Plan {
  readonly actions: readonly Action[];
  readonly holds: readonly Hold[];
  /** By role: what was decided about its size, to be remembered when the plan is carried out. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** The same, as it is told later. */
  readonly records: readonly DecisionRecord[];
}

/** What one step of the recipe came to. */
export interface StepResult {
  readonly actions: readonly Action[];
  readonly holds: readonly Hold[];
  readonly decisions?: ReadonlyMap<string, Decision>;
  readonly records?: readonly DecisionRecord[];
}
