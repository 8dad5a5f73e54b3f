import { runEngine } from "./engine.ts";
import type { Place, Station } from "./engine.ts";
import { slownessOf } from "./model.ts";
import type { Model, Scenario } from "./model.ts";
import type { Policy } from "./policy.ts";
import type { Machine } from "./pool.ts";
import { createRandom, drawPoisson } from "./random.ts";
import type { Random } from "./random.ts";
import type { Result } from "./result.ts";
import { createServiceTimes } from "./service-time.ts";

/** Requests as a liquid, second by second: as good as `runExact` for most questions, and many times as fast. */
export function runFluid(scenario: Scenario, policy: Policy): Result {
  return runEngine(scenario, policy, createFluidStation(scenario));
}

/** A queue shorter than this is the wait for the next free slot, not a backlog. */
const backlogMin = 0.5;
/** The approximation of waiting has a pole at 1. */
const loadMax = 0.99;
/** Below this a machine's cache counts as warm. */
const warmBelow = 1.001;
const responsePoints = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];

interface Fluid {
  readonly model: Model;
  readonly random: Random;
  readonly longerThan: (seconds: number) => number;
  readonly tenths: Float64Array;
  /** Until then a machine may be cold. */
  coldUntilS: number;
  queue: number;
}

function createFluidStation({ model, seed }: Scenario): Station {
  const times = createServiceTimes(model.serviceS, model.serviceCv);
  const last = times.quantiles.length;
  const fluid: Fluid = {
    model,
    random: createRandom(seed * 101 + 7),
    longerThan: tabulate((seconds) => times.longerThan(seconds), 4 * model.slowS),
    tenths: Float64Array.from(responsePoints, (p) => times.quantiles[Math.floor(p * last)] ?? 0),
    coldUntilS: Number.NEGATIVE_INFINITY,
    queue: 0,
  };
  return {
    watcher: {
      serves({ readyS }) {
        fluid.coldUntilS = Math.max(fluid.coldUntilS, readyS + model.coldS);
      },
      leaves: () => undefined,
    },
    pass: (second, rate, place) => pass(fluid, second, rate, place),
  };
}

function pass(fluid: Fluid, second: number, rate: number, place: Place): void {
  const { model } = fluid;
  const { figures, responses } = place;
  const machines = place.pool.serving;
  const isCold = second < fluid.coldUntilS;
  const speed = isCold ? speedOf(model, machines, second) : machines.length;
  const slowness = speed > 0 ? machines.length / speed : 1;
  const perSecond = (speed * model.slots) / model.serviceS;

  const arrivals = drawPoisson(rate, fluid.random);
  const before = fluid.queue;
  const served = Math.min(before + arrivals, perSecond);
  const left = before + arrivals - served;
  // Those for whom the time-out is over before their turn comes go at once; it makes no difference to the rest.
  // Without a machine nobody's turn comes: they wait as long as they may.
  const after = Math.min(left, model.queueTimeoutS * (perSecond > 0 ? perSecond : rate));
  const failed = left - after;
  fluid.queue = after;

  let waitS = perSecond > 0 ? (before + after) / 2 / perSecond : model.queueTimeoutS;
  let waiting = 1;
  if (before <= backlogMin && after <= backlogMin && perSecond > 0) {
    const load = Math.min(loadMax, rate / perSecond);
    const all = load ** (Math.sqrt(2 * (figures.slots + 1)) - 1);
    const spread = (1 + model.serviceCv * model.serviceCv) / 2;
    waitS = (model.serviceS * slowness * all * spread) / (figures.slots * (1 - load));
    waiting = Math.min(1, all);
  }
  const late = lateShare(fluid, machines, { second, slowness, speed, waitS });
  figures.arrivals = arrivals;
  figures.completions = served;
  figures.started = served;
  figures.busy = Math.min(figures.slots, served * model.serviceS * slowness);
  figures.queue = after;
  figures.queued = arrivals * waiting;
  figures.slow = Math.max(0, arrivals - failed) * late;
  figures.failed = failed;
  for (const took of fluid.tenths) responses.add(second, waitS + took * slowness, served / 10);
}

interface Moment {
  readonly second: number;
  readonly slowness: number;
  readonly speed: number;
  readonly waitS: number;
}

/** Share of the answers that come too late: a cold machine gives fewer of them, and later ones. */
function lateShare(fluid: Fluid, machines: readonly Machine[], moment: Moment): number {
  const { model, longerThan } = fluid;
  const leftS = model.slowS - moment.waitS;
  if (moment.slowness < warmBelow) return longerThan(leftS);
  let late = 0;
  for (let i = 0; i < machines.length; i += 1) {
    const machine = machines[i];
    if (machine === undefined) continue;
    const slowness = slownessOf(model, moment.second - machine.readyS);
    late += longerThan(leftS / slowness) / slowness;
  }
  return late / moment.speed;
}

/** In warm machines. */
function speedOf(model: Model, machines: readonly Machine[], second: number): number {
  let speed = 0;
  for (let i = 0; i < machines.length; i += 1) {
    const machine = machines[i];
    if (machine !== undefined) speed += 1 / slownessOf(model, second - machine.readyS);
  }
  return speed;
}

const tableSize = 4_000;

/** The same function by a table: it is asked every second, for every cold machine. */
function tabulate(share: (seconds: number) => number, upToS: number): (seconds: number) => number {
  const table = Float64Array.from({ length: tableSize + 1 }, (_, i) =>
    share((i / tableSize) * upToS),
  );
  return (seconds) => {
    if (seconds <= 0) return 1;
    return seconds >= upToS ? 0 : (table[Math.floor((seconds / upToS) * tableSize)] ?? 0);
  };
}
