import type { Level } from "./level.ts";
import type { Tuning } from "./tuning.ts";

/** What an alarm is judged by, at one moment. */
export interface Moment {
  readonly now: number;
  readonly level: Level;
  readonly serviceS: number;
  /** From the order of a machine to its first answer, as figures show it. */
  readonly leadS: number;
  /** Of those machines that serve. */
  readonly readySlots: number;
  readonly slotsPerMachine: number;
  /** Root of the mean of squares, see `Restlessness`. */
  readonly restlessness: number;
  readonly tuning: Tuning;
}

/** `rise`: far more comes than a minute ago. `jam`: many wait, whatever comes. */
export type Crowd = "rise" | "jam";

const jamSlotsShare = 0.5;
const jamMin = 4;
/** Chance makes a site's seconds differ by a tenth, however large it is. */
const shareMin = 0.1;

/** Whether a crowd is at the door now. */
export function crowdAt(moment: Moment): Crowd | null {
  if (isRise(moment)) return "rise";
  const { waiting } = moment.level;
  return waiting > jamSlotsShare * moment.readySlots && waiting > jamMin ? "jam" : null;
}

function isRise({ level, restlessness, tuning }: Moment): boolean {
  const { before, last6 } = level;
  if (before === null || last6 <= tuning.riseFactor * before) return false;
  const share = Math.max(shareMin, tuning.riseRestlessness * restlessness);
  const deviation = Math.sqrt(before / 6 + 0.3 + (share * before) ** 2);
  return last6 > before + tuning.riseDeviations * deviation;
}

export function isWild({ restlessness, tuning }: Moment): boolean {
  return restlessness > tuning.wildRestlessness;
}
