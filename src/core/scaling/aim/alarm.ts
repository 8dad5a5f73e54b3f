import type { Crowd, Moment } from "./crowd.ts";
import { machinesFor, slotsFor } from "./staffing.ts";

/** A crowd that came suddenly, and the machines that were launched for it. */
export interface Alarm {
  /** When machines were last launched for much more than before. */
  readonly raisedAt: number;
  readonly until: number;
  readonly machines: number;
}

const jamFactor = 1.2;
/** A jam that no rise explains is over sooner. */
const jamSettledS = 30;
/** Who waits is served within so many seconds of the machines' arrival. */
const clearS = 15;
/** What came longer ago than this has left the queue. */
const waitMaxS = 10;
const muchMore = 1.2;

/** The alarm as it is after this moment. `overshoot`: for so many times what comes. */
export function sound(
  alarm: Alarm | null,
  crowd: Crowd | null,
  overshoot: number,
  moment: Moment,
): Alarm | null {
  const { now, leadS, tuning } = moment;
  const latest = now + leadS + tuning.settleS;
  // One that ends later than any alarm of now would is from before the clock was set back.
  const standing = alarm !== null && now < alarm.until && alarm.until <= latest ? alarm : null;
  if (crowd === null) return standing === null ? null : trim(standing, moment);
  const machines = machinesAgainst(crowd === "rise" ? overshoot : jamFactor, moment);
  const until = crowd === "rise" ? latest : latest - jamSettledS;
  if (standing === null) return { raisedAt: now, until, machines };
  if (machines <= standing.machines) return { ...standing, until };
  const isMuchMore = machines > standing.machines * muchMore;
  return { raisedAt: isMuchMore ? now : standing.raisedAt, until, machines };
}

function machinesAgainst(factor: number, moment: Moment): number {
  const { level, serviceS, slotsPerMachine, tuning } = moment;
  const backlog = (Math.min(level.waiting, level.last6 * waitMaxS) * serviceS) / clearS;
  const slots = slotsFor(level.last6 * factor * serviceS, tuning.spareRoots) + backlog;
  return Math.ceil(slots / slotsPerMachine);
}

/** What has arrived and is not needed goes before the alarm ends; what boots is never called back. */
function trim(alarm: Alarm, moment: Moment): Alarm {
  const { now, level, leadS, serviceS, slotsPerMachine, tuning } = moment;
  if (level.waiting >= 1 || now < alarm.raisedAt + leadS + tuning.trimAfterS) return alarm;
  const load = Math.max(level.last10, level.last30) * serviceS * tuning.trimFactor;
  const machines = machinesFor(load, tuning.spareRoots, slotsPerMachine);
  return machines < alarm.machines ? { ...alarm, machines } : alarm;
}
