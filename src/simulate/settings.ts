import type { ScalingSettings } from "../core/desired.ts";
import { policyFor } from "../core/scaling/role-policy.ts";
import type { Rules } from "../core/scaling/rules/rules.ts";
import { usualTuning } from "../core/scaling/aim/tuning.ts";

/** What of a role's scaling is worth trying otherwise. */
export interface Setting {
  readonly min: number;
  readonly holdS: number;
  /** Of the aim; null: there is none. */
  readonly room: number | null;
  /** Requests in flight per machine of the target that has them; null: there is none. */
  readonly inFlight: number | null;
}

/** What came of one. */
export interface Tried {
  readonly setting: Setting;
  readonly slow: number;
  readonly machineHours: number;
}

const rooms = [0, 0.05, 0.1, 0.2, 0.4];
const holds = [120, 300, 600, 1_200, 2_400];
const slotShares = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const minsAround = [-2, -1, 1, 2, 4];
/** A pool of one is down on the day on which its machine dies: nobody is told to have one. */
const leastMin = 2;
/** Less is not worth a change of the site file. */
export const savingMin = 0.01;

/** The name of the target that is turned. */
const inFlightName = "in_flight per machine";

export function rulesOf(settings: ScalingSettings): Rules {
  return policyFor({ scaling: settings }, { min: 1, max: 1 }).rules;
}

export function settingOf(settings: ScalingSettings, min: number): Setting {
  const { aim, targets, limits } = rulesOf(settings);
  return {
    min,
    holdS: limits.holdS,
    room: aim === null ? null : (aim.room ?? usualTuning.margin),
    inFlight: targets.find(({ name }) => name === inFlightName)?.target ?? null,
  };
}

/** The same scaling with that setting; the minimum is for the bounds. */
export function withSetting(settings: ScalingSettings, setting: Setting): ScalingSettings {
  const { holdS, room, inFlight } = setting;
  const rules = rulesOf(settings);
  return {
    ...settings,
    rules: {
      ...rules,
      aim: rules.aim === null || room === null ? rules.aim : { ...rules.aim, room },
      targets: rules.targets.map((target) =>
        target.name === inFlightName && inFlight !== null
          ? { ...target, target: inFlight }
          : target,
      ),
      limits: { ...rules.limits, holdS },
    },
  };
}

/** What one setting is turned by, one knob after the other: its minimum, what it aims at, its hold. */
export type Knob = (setting: Setting) => readonly Setting[];

/** The knobs of a setting; each gives the same setting with its other values. */
export function knobsOf(present: Setting, slots: number, max: number): readonly Knob[] {
  const least = Math.min(leastMin, present.min);
  const mins = [leastMin, ...minsAround.map((more) => present.min + more)].filter(
    (min) => min >= least && min <= max,
  );
  const inFlights = slotShares.map((share) => Math.max(0.1, Math.round(slots * share * 10) / 10));
  const knobs: Knob[] = [(setting) => mins.map((min) => ({ ...setting, min }))];
  if (present.room !== null) knobs.push((setting) => rooms.map((room) => ({ ...setting, room })));
  if (present.inFlight !== null)
    knobs.push((setting) => inFlights.map((inFlight) => ({ ...setting, inFlight })));
  return [...knobs, (setting) => holds.map((holdS) => ({ ...setting, holdS }))];
}

/** Those that keep the aim, the cheapest first. */
export function keeping<One extends Tried>(
  tried: readonly One[],
  shareMax: number,
): readonly One[] {
  return tried
    .filter(({ slow }) => slow <= shareMax)
    .toSorted((a, b) => a.machineHours - b.machineHours || a.slow - b.slow);
}

/** The least slow ones first. */
export function fastest<One extends Tried>(tried: readonly One[]): readonly One[] {
  return tried.toSorted((a, b) => a.slow - b.slow || a.machineHours - b.machineHours);
}

export function isSame(a: Setting, b: Setting): boolean {
  const keys = ["min", "holdS", "room", "inFlight"] as const;
  return keys.every((key) => a[key] === b[key]);
}
