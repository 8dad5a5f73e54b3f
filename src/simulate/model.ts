import type { Arrivals } from "./arrivals.ts";

/** Machines behind one queue, and what they cost. */
export interface Model {
  /** Requests a machine works on at the same time. */
  readonly slots: number;
  /** Lognormal, by mean and coefficient of variation. */
  readonly serviceS: number;
  readonly serviceCv: number;
  /** An answer later than this is slow. */
  readonly slowS: number;
  /** Who waited for this long is sent away. */
  readonly queueTimeoutS: number;
  /** From the launch to the first answer, give or take this share of it. */
  readonly bootS: number;
  readonly bootJitter: number;
  /** A new machine takes 1 + this times as long for an answer, and less and less over `coldS`. */
  readonly coldFactor: number;
  readonly coldS: number;
  /** A machine is paid by the second, and at least for this long. */
  readonly minimumBillS: number;
  readonly min: number;
  readonly max: number;
}

/** A window of traffic that meets a pool. */
export interface Scenario {
  readonly arrivals: Arrivals;
  readonly model: Model;
  readonly seed: number;
  /** Machines that serve at the beginning; null: what the first second needs at 60 %. */
  readonly startMachines: number | null;
}

/** A small site: 20 requests a second keep a machine wholly busy. */
export const usualModel: Model = {
  slots: 4,
  serviceS: 0.2,
  serviceCv: 0.5,
  slowS: 1,
  queueTimeoutS: 10,
  bootS: 60,
  bootJitter: 0.2,
  coldFactor: 1,
  coldS: 60,
  minimumBillS: 60,
  min: 2,
  max: 60,
};

const startShare = 0.6;

export function startMachinesOf({ model, arrivals, startMachines }: Scenario): number {
  if (startMachines !== null) return Math.min(model.max, startMachines);
  const busy = (arrivals.rates[0] ?? 0) * model.serviceS;
  return Math.min(model.max, Math.max(model.min, Math.ceil(busy / model.slots / startShare)));
}

/** Nine of ten machines are there after this long. */
export function bootP90S({ bootS, bootJitter }: Model): number {
  return bootS * (1 + 0.8 * bootJitter);
}

/** How many times as long an answer takes on a machine that has served for `ageS`. */
export function slownessOf(model: Model, ageS: number): number {
  return ageS < model.coldS ? 1 + model.coldFactor * (1 - ageS / model.coldS) : 1;
}
