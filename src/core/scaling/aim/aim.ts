import type { RoleView } from "../view.ts";
import type { Alarm } from "./alarm.ts";
import { sound } from "./alarm.ts";
import type { Crowd, Moment } from "./crowd.ts";
import { crowdAt, isWild } from "./crowd.ts";
import { lookAhead } from "./forecast.ts";
import type { Forecast } from "./forecast.ts";
import { hold } from "./held.ts";
import type { Held } from "./held.ts";
import { readLevel } from "./level.ts";
import type { Level } from "./level.ts";
import { calm, feelRestlessness, marginFor } from "./restlessness.ts";
import type { Restlessness } from "./restlessness.ts";
import { learnServiceTime } from "./service-time.ts";
import type { ServiceTime } from "./service-time.ts";
import { loadFor, machinesFor, spareRoots } from "./staffing.ts";
import { usualTuning } from "./tuning.ts";
import type { Tuning } from "./tuning.ts";

/** What the policy knows of a role's past. Plain data: it is kept with the role, and survives the controller. */
export interface AimMemory {
  readonly service: ServiceTime;
  readonly restlessness: Restlessness;
  readonly held: Held;
  readonly alarm: Alarm | null;
  readonly forecast: Forecast;
  /** When somebody last had to wait, and when machines were last added; 0: never. */
  readonly waitedAt: number;
  readonly grewAt: number;
}

export const newMemory: AimMemory = {
  service: { seconds: null, usual: null, learnedAt: 0, isGrown: false },
  restlessness: calm,
  held: [],
  alarm: null,
  forecast: { rate: null, at: 0 },
  waitedAt: 0,
  grewAt: 0,
};

export interface AimBounds {
  readonly min: number;
  readonly max: number;
}

/** What the aim wants, and all it was made of. */
export interface AimVoice {
  /** Machines, within the bounds. */
  readonly need: number;
  /** Null while the balancer's figures are missing. */
  readonly basis: AimBasis | null;
  readonly memory: AimMemory;
}

export interface AimBasis {
  readonly level: Level;
  /** Requests a second the pool is made for, and what earlier days let expect of them. */
  readonly expected: number;
  readonly forecast: number | null;
  /** Seconds a machine works on a request; null: not known yet. */
  readonly serviceS: number | null;
  readonly margin: number;
  /** Requests at work at the same time that the machines are for, with the margin. */
  readonly load: number;
  /** Machines for this load, and the most that was needed in the time that needs are held. */
  readonly needNow: number;
  readonly needHeld: number;
  readonly crowd: Crowd | null;
  readonly alarm: Alarm | null;
  /** Why machines are kept that are not needed. */
  readonly kept: "waited" | "restless" | "small surplus" | null;
  /** Requests a second that the machines of `need` are enough for; null while nobody knows how long they take. */
  readonly carries: number | null;
}

/** Between an order and the first figure that shows it, beside the machine's own start. */
const reactionS = 6;
/** Requests a second that earlier days may let expect when nothing comes. */
const forecastFloor = 2;

/**
 * How many machines keep the share of slow answers under the aim at a small price. What comes is known to the second
 * from the balancer: what is needed for it, with room for chance and for this site's restlessness, is held for a
 * while; a sudden rise launches for far more than what is seen, because a machine too many costs a minute and one
 * too few costs visitors.
 */
export function aimNeed(
  bounds: AimBounds,
  memory: AimMemory,
  view: RoleView,
  now: number,
  tuning: Tuning = usualTuning,
): AimVoice {
  const level = readLevel(view, now);
  if (level === null) return { need: clamp(view.pool.desired, bounds), basis: null, memory };
  const outlook = look({ memory, view, level, now, tuning });
  const { serviceS, load } = outlook;
  const { slots } = view.machine;
  const needNow = machinesFor(load, spareRoots(outlook.moment.leadS, tuning), slots);
  const held = hold(memory.held, now, needNow, tuning.holdS);
  const needHeld = held[0]?.[1] ?? needNow;

  const moment = { ...outlook.moment, readySlots: view.pool.ready * slots, slotsPerMachine: slots };
  const crowd = serviceS === null ? null : crowdAt(moment);
  const alarm = sound(memory.alarm, crowd, moment);

  const { desired } = view.pool;
  const wanted = clamp(Math.max(needHeld, alarm?.machines ?? 0), bounds);
  const waitedAt = level.waiting > 1 ? now : Math.min(memory.waitedAt, now);
  const kept = keptFor(wanted, desired, { ...memory, waitedAt }, moment);
  const need = kept === null ? wanted : clamp(desired, bounds);
  const grewAt = need > desired ? now : Math.min(memory.grewAt, now);
  return {
    need,
    basis: {
      ...outlook.basis,
      needNow,
      needHeld,
      crowd,
      alarm,
      kept,
      carries: carriedBy(need, slots, outlook, tuning),
    },
    memory: { ...outlook.learned, held, alarm, waitedAt, grewAt },
  };
}

function carriedBy(
  machines: number,
  slots: number,
  { serviceS, basis, moment }: ReturnType<typeof look>,
  tuning: Tuning,
): number | null {
  if (serviceS === null) return null;
  const load = loadFor(machines * slots, spareRoots(moment.leadS, tuning));
  return load / (serviceS * (1 + basis.margin));
}

interface Given {
  readonly memory: AimMemory;
  readonly view: RoleView;
  readonly level: Level;
  readonly now: number;
  readonly tuning: Tuning;
}

/** What is to be expected, and what was learned on the way. */
function look({ memory, view, level, now, tuning }: Given) {
  const leadS = view.machine.bootS + reactionS;
  const { arrivals } = view.balancer;
  const service = learnServiceTime(memory.service, view, now);
  const restlessness = feelRestlessness(memory.restlessness, arrivals, leadS, now, tuning);
  const forecast = lookAhead(memory.forecast, view.earlier, leadS, now);
  const most = tuning.earlierDaysMax * level.level + forecastFloor;
  const expected = Math.max(0, level.level, Math.min(forecast.rate ?? 0, most));
  const serviceS = service.seconds;
  // Who does not know yet how long a request takes sees how many are at work.
  const work = serviceS === null ? level.atWork + level.waiting : expected * serviceS;
  const margin = marginFor(restlessness, tuning);
  const load = work * (1 + margin);
  return {
    serviceS,
    load,
    learned: { service, restlessness, forecast },
    basis: { level, expected, forecast: forecast.rate, serviceS, margin, load },
    moment: {
      now,
      level,
      serviceS: serviceS ?? 0,
      leadS,
      restlessness: Math.sqrt(restlessness.meanSquare),
      tuning,
    },
  };
}

/** Why machines are kept that are not needed; null: they are not, or there are none. */
function keptFor(
  wanted: number,
  desired: number,
  { waitedAt, grewAt }: Pick<AimMemory, "waitedAt" | "grewAt">,
  moment: Moment,
): AimBasis["kept"] {
  const { now, tuning } = moment;
  if (wanted >= desired) return null;
  if (now - waitedAt < tuning.calmS) return "waited";
  if (now - grewAt >= tuning.quietS) return null;
  if (isWild(moment)) return "restless";
  return wanted > desired * (1 - tuning.surplusMin) ? "small surplus" : null;
}

function clamp(machines: number, { min, max }: AimBounds): number {
  return Math.min(max, Math.max(min, machines));
}
