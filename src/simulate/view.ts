import { createSeconds } from "../core/scaling/seconds.ts";
import type { SecondsRecord } from "../core/scaling/seconds.ts";
import { createHistory } from "./history.ts";
import { bootP90S } from "./model.ts";
import type { Scenario } from "./model.ts";
import type { Pool } from "./pool.ts";
import type { SimulatedView } from "./policy.ts";
import { createResponses, noResponses } from "./responses.ts";
import type { ResponseRecord } from "./responses.ts";

/** What happened in one second. One of these is written over and over: there is none per second. */
export interface SecondFigures {
  arrivals: number;
  completions: number;
  /** Of those that came in or waited: who was given a slot. */
  started: number;
  /** Requests that were worked on, on average. */
  busy: number;
  /** Requests that wait at its end. */
  queue: number;
  /** Of the arrivals: those that found no free slot. */
  queued: number;
  /** Answered, or being answered, but late. */
  slow: number;
  /** Sent away after the queue's time-out. */
  failed: number;
  ready: number;
  slots: number;
}

/** What policies see of a run, and how it gets there. */
export interface Watch {
  readonly view: SimulatedView;
  readonly responses: ResponseRecord;
  put(second: number, figures: SecondFigures): void;
}

/** Policies see the last two hours by the second, and five-minute means before that. */
const keepS = 7_200;

export function createWatch(
  { model, arrivals }: Scenario,
  pool: Pool,
  isBalancerEnough = false,
): Watch {
  const history = createHistory(arrivals.past, arrivals.rates.length);
  const responses = isBalancerEnough ? noResponses : createResponses(keepS);
  const kept = (): SecondsRecord => createSeconds(keepS);
  const balancer = { arrivals: kept(), completions: kept(), busy: kept(), queue: kept() };
  const cpu = kept();
  const errors = kept();
  const ready = kept();
  const slots = kept();
  const view: SimulatedView = {
    pool: {
      get ready() {
        return pool.serving.length;
      },
      get booting() {
        return pool.booting.length;
      },
      get desired() {
        return pool.desired;
      },
    },
    machine: { slots: model.slots, bootS: bootP90S(model) },
    balancer,
    metrics: new Map([
      ["cpu", cpu],
      ["errors", errors],
    ]),
    responses,
    earlier: history,
    ready,
    slots,
    model,
  };
  return {
    view,
    responses,
    put(second, figures) {
      balancer.arrivals.put(second, figures.arrivals);
      balancer.completions.put(second, figures.completions);
      balancer.busy.put(second, figures.busy);
      balancer.queue.put(second, figures.queue);
      history.count(second, figures.arrivals);
      if (isBalancerEnough) return;
      cpu.put(second, figures.slots > 0 ? figures.busy / figures.slots : 0);
      errors.put(second, figures.failed);
      ready.put(second, figures.ready);
      slots.put(second, figures.slots);
      responses.reach(second + 1);
    },
  };
}
