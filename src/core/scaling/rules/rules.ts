import type { Condition, Value } from "./expression.ts";
import type { DeclaredMetric } from "./metric.ts";
import type { ScheduleEntry, ZoneOffsets } from "./schedule.ts";
import type { Unit } from "./unit.ts";

/** How one role scales: what the site file says under `scale:`, compiled. Plain data. */
export interface Rules {
  readonly mode: Mode;
  readonly aim: Aim | null;
  readonly targets: readonly Target[];
  readonly when: readonly WhenRule[];
  readonly schedule: readonly ScheduleEntry[];
  /** The time zones that the schedule names. */
  readonly zones: Readonly<Record<string, ZoneOffsets>>;
  readonly limits: Limits;
  readonly spend: Spend | null;
  /** A value that is older says nothing. */
  readonly olderS: number;
  /** The user's own metrics, which the expressions may name. */
  readonly metrics: readonly DeclaredMetric[];
}

/** `shadow` decides, and somebody else acts. `off` keeps what there is, within the bounds. */
export type Mode = "on" | "shadow" | "up-only" | "off";
export const modes: readonly Mode[] = ["on", "shadow", "up-only", "off"];

/** At most the share `shareMax` of the answers takes longer than `slowS`. */
export interface Aim {
  readonly slowS: number;
  readonly shareMax: number;
  /** Slow requests that a machine-hour is worth; null: the aim decides. */
  readonly worth: number | null;
  /** Room beyond the load that is expected, as a share of it; left out: what the aim is set to. */
  readonly room?: number;
}

/** Proportional: as many machines as bring the value to its target. */
export interface Target {
  /** As it would be written, e.g. `in_flight per machine`. */
  readonly name: string;
  readonly value: Value;
  readonly unit: Unit;
  readonly target: number;
  /** How far off, as a share of the target, is near enough. */
  readonly tolerance: number;
}

export type WhenRule =
  | {
      readonly kind: "if";
      readonly name: string;
      readonly if: Condition;
      readonly effect: Effect;
    }
  /** The highest of the `>` steps that holds, or the lowest of the `<` steps. */
  | {
      readonly kind: "steps";
      readonly name: string;
      readonly on: Value;
      readonly unit: Unit;
      readonly steps: readonly Step[];
    };

export interface Step {
  readonly operator: StepOperator;
  readonly threshold: number;
  readonly effect: Effect;
}
export type StepOperator = "<" | "<=" | ">" | ">=";

export type Effect =
  | { readonly kind: "add" | "remove"; readonly amounts: readonly Amount[]; readonly pick: Pick }
  | { readonly kind: "times"; readonly factor: number }
  /** Exactly so many as long as it holds, unless somebody needs more. */
  | { readonly kind: "set"; readonly machines: number }
  | { readonly kind: "hold" }
  /** No growth. */
  | { readonly kind: "hold_up" };
export type Pick = "max" | "min";

/** Machines, or a share of those there are. */
export interface Amount {
  readonly kind: "machines" | "share";
  readonly value: number;
}

export interface Limits {
  /** For how long a need is remembered: machines go when nobody needed them for so long. */
  readonly holdS: number;
  readonly up: Pace | null;
  readonly down: Pace | null;
  /** How long after growing nothing grows again. */
  readonly cooldownUpS: number;
  /** How long after any change nothing shrinks. */
  readonly cooldownDownS: number;
  readonly launches: { readonly machines: number; readonly seconds: number } | null;
}

/** At most this in each window of so many seconds: the larger one where both are given. */
export interface Pace {
  readonly share: number | null;
  readonly machines: number | null;
  readonly seconds: number;
}

export interface Spend {
  readonly perHour: number | null;
  readonly perMonth: number | null;
  readonly currency: string;
  /** Growth stops at it; else it is only told. */
  readonly isCap: boolean;
}

/** How far off a target is near enough where nobody says. */
export const toleranceDefault = 0.1;
