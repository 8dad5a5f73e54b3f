import type { Crowd, Moment } from "./crowd.ts";
import { isWild } from "./crowd.ts";
import { machinesFor, slotsFor, spareRoots } from "./staffing.ts";

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
/** More than so many times what came a minute before: the rise goes on. */
const stillRising = 1.2;

/** The alarm as it is after this moment. */
export function sound(alarm: Alarm | null, crowd: Crowd | null, moment: Moment): Alarm | null {
  const { now, leadS, tuning } = moment;
  const latest = now + leadS + tuning.settleS;
  // One that ends later than any alarm of now would is from before the clock was set back.
  const standing = alarm !== null && now < alarm.until && alarm.until <= latest ? alarm : null;
  if (crowd === null) return standing === null ? null : trim(standing, moment);
  const machines = machinesAgainst(crowd, moment);
  const until = crowd === "rise" ? latest : latest - jamSettledS;
  if (standing === null) return { raisedAt: now, until, machines };
  if (machines <= standing.machines) return { ...standing, until };
  const isMuchMore = machines > standing.machines * muchMore;
  return { raisedAt: isMuchMore ? now : standing.raisedAt, until, machines };
}

function machinesAgainst(crowd: Crowd, moment: Moment): number {
  const factor = crowd === "rise" ? overshootAt(moment) : jamFactor;
  const { level, serviceS, leadS, slotsPerMachine, tuning } = moment;
  const backlog = (Math.min(level.waiting, level.last6 * waitMaxS) * serviceS) / clearS;
  // Where nothing limits what a machine takes, a crowd is at work before it has been counted for long.
  const load = Math.max(level.last6 * factor * serviceS, level.atWorkNow);
  const slots = slotsFor(load, spareRoots(leadS, tuning)) + backlog;
  return Math.ceil(slots / slotsPerMachine);
}

/**
 * For so many times what comes machines are launched at a rise. Nobody knows yet how far it goes, and few rises go far; those
 * few are why: what most of them needed is too little for the one that matters.
 */
function overshootAt(moment: Moment): number {
  const { leadS, tuning } = moment;
  const wild = tuning.wildOvershoot + leadS / tuning.wildLeadS;
  return isWild(moment) ? Math.min(tuning.overshoot, wild) : tuning.overshoot;
}

/** What has arrived and is not needed goes before the alarm ends; what boots is never called back. */
function trim(alarm: Alarm, moment: Moment): Alarm {
  const { now, level, leadS, serviceS, slotsPerMachine, tuning } = moment;
  if (level.waiting >= 1 || now < alarm.raisedAt + leadS + tuning.trimAfterS) return alarm;
  if (level.last10 > stillRising * (level.before ?? level.last10)) return alarm;
  const load = Math.max(level.last10, level.last30) * serviceS * tuning.trimFactor;
  const machines = machinesFor(load, spareRoots(leadS, tuning), slotsPerMachine);
  return machines < alarm.machines ? { ...alarm, machines } : alarm;
}
