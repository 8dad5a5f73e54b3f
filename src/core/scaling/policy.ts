import type { Rules } from "./rules/rules.ts";
import type { Near } from "./rules/voice.ts";
import type { RoleView } from "./view.ts";

/** How a role is to be scaled. */
export interface ScalingPolicy {
  readonly rules: Rules;
  readonly bounds: { readonly min: number; readonly max: number };
  /** The policy behind `aim:`; null: the rules are alone. */
  readonly aim: AimPolicy | null;
}

/** A voice that needs no rules. What it remembers is given back to it at the next decision. */
export type AimPolicy = (
  memory: unknown,
  view: RoleView,
  nowS: number,
) => {
  readonly need: number;
  /** Whether it agrees to fewer machines than there are. */
  readonly isCalm: boolean;
  readonly reason: string;
  /** What would make it want more. */
  readonly near?: Near | null;
  readonly memory: unknown;
};

/** What a decision looks at. */
export interface DecisionView extends RoleView {
  /** Null where no price is known. */
  readonly spending: Spending | null;
}

/** In the currency of the prices. */
export interface Spending {
  readonly machineHour: number;
  readonly thisMonth: number;
}
