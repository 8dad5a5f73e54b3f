import { createDepartures } from "./departures.ts";
import type { Departures } from "./departures.ts";
import { runEngine } from "./engine.ts";
import type { Place, Station } from "./engine.ts";
import { slownessOf } from "./model.ts";
import type { Model, Scenario } from "./model.ts";
import type { Policy } from "./policy.ts";
import type { Machine } from "./pool.ts";
import { createRandom } from "./random.ts";
import type { Random } from "./random.ts";
import type { ResponseRecord } from "./responses.ts";
import type { Result } from "./result.ts";
import { createRing } from "./ring.ts";
import type { Ring } from "./ring.ts";
import { createServiceTimes } from "./service-time.ts";

/** Request by request: each arrives, waits, is answered or sent away. Slow, and right where counts are small. */
export function runExact(scenario: Scenario, policy: Policy): Result {
  return runEngine(scenario, policy, createExactStation(scenario));
}

/** Who comes while this many wait is sent away at once. */
const queueMax = 1 << 20;

interface Exact {
  readonly model: Model;
  readonly arrivalRandom: Random;
  readonly serviceRandom: Random;
  readonly serviceTimes: Float64Array;
  /** When those who wait came. */
  readonly queue: Ring;
  /** Ids of machines, once per free slot; the one that is free longest gets the next request. */
  readonly free: Ring;
  readonly departures: Departures;
  /** Those that take requests; who leaves answers what it has. */
  readonly serving: Map<number, Machine>;
  busy: number;
  /** Requests in work times seconds, and up to when that is added up. */
  busySeconds: number;
  busyAtS: number;
  completions: number;
  started: number;
  slow: number;
  failed: number;
}

function createExactStation({ model, seed }: Scenario): Station {
  const exact: Exact = {
    model,
    arrivalRandom: createRandom(seed * 101 + 7),
    serviceRandom: createRandom(seed * 409 + 11),
    serviceTimes: createServiceTimes(model.serviceS, model.serviceCv).quantiles,
    queue: createRing(queueMax),
    free: createRing(Math.max(1, model.slots * (model.max + 1))),
    departures: createDepartures(),
    serving: new Map(),
    busy: 0,
    busySeconds: 0,
    busyAtS: 0,
    completions: 0,
    started: 0,
    slow: 0,
    failed: 0,
  };
  return {
    watcher: {
      serves(machine) {
        exact.serving.set(machine.id, machine);
        for (let slot = 0; slot < model.slots; slot += 1) exact.free.add(machine.id);
      },
      leaves({ id }) {
        exact.serving.delete(id);
        exact.free.remove(id);
      },
    },
    pass: (second, rate, place) => pass(exact, second, rate, place),
  };
}

function pass(exact: Exact, second: number, rate: number, place: Place): void {
  const { queue, free, departures, model } = exact;
  const { figures, responses } = place;
  const end = second + 1;
  exact.busySeconds = exact.completions = exact.started = exact.slow = exact.failed = 0;
  exact.busyAtS = second;
  // Machines that became ready take from the queue before anybody new comes.
  startWaiting(exact, second, responses);
  while (second - queue.first > model.queueTimeoutS) giveUp(exact);
  let arrivals = 0;
  let queued = 0;
  for (let at = nextArrival(exact, second, rate); at < end; at = nextArrival(exact, at, rate)) {
    arrivals += 1;
    while (departures.nextS <= at) finishNext(exact, responses);
    if (free.size > 0 && queue.size === 0) {
      start(exact, at, at, responses);
      continue;
    }
    queued += 1;
    if (queue.isFull) exact.failed += 1;
    else queue.add(at);
  }
  while (departures.nextS <= end) finishNext(exact, responses);
  passTime(exact, end);
  figures.arrivals = arrivals;
  figures.completions = exact.completions;
  figures.started = exact.started;
  figures.busy = exact.busySeconds;
  figures.queue = queue.size;
  figures.queued = queued;
  figures.slow = exact.slow;
  figures.failed = exact.failed;
}

function nextArrival(exact: Exact, at: number, rate: number): number {
  return rate > 0 ? at - Math.log(1 - exact.arrivalRandom()) / rate : Number.POSITIVE_INFINITY;
}

function startWaiting(exact: Exact, at: number, responses: ResponseRecord): void {
  const { queue, free, model } = exact;
  while (queue.size > 0 && free.size > 0) {
    if (at - queue.first > model.queueTimeoutS) giveUp(exact);
    else start(exact, at, queue.take(), responses);
  }
}

function giveUp(exact: Exact): void {
  exact.queue.take();
  exact.failed += 1;
}

function start(exact: Exact, at: number, cameAt: number, responses: ResponseRecord): void {
  const { model, serviceTimes } = exact;
  const id = exact.free.take();
  const readyS = exact.serving.get(id)?.readyS ?? at;
  const drawn = serviceTimes[Math.floor(exact.serviceRandom() * serviceTimes.length)] ?? 0;
  const doneAt = at + drawn * slownessOf(model, at - readyS);
  passTime(exact, at);
  exact.busy += 1;
  exact.started += 1;
  exact.departures.add(doneAt, id);
  const tookS = doneAt - cameAt;
  if (tookS > model.slowS) exact.slow += 1;
  responses.add(Math.floor(doneAt), tookS, 1);
}

function finishNext(exact: Exact, responses: ResponseRecord): void {
  const at = exact.departures.nextS;
  const id = exact.departures.take();
  passTime(exact, at);
  exact.busy -= 1;
  exact.completions += 1;
  if (!exact.serving.has(id)) return;
  exact.free.add(id);
  startWaiting(exact, at, responses);
}

function passTime(exact: Exact, at: number): void {
  exact.busySeconds += exact.busy * (at - exact.busyAtS);
  exact.busyAtS = at;
}
