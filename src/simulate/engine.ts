import type { Scenario } from "./model.ts";
import { startMachinesOf } from "./model.ts";
import type { Policy } from "./policy.ts";
import { createPool } from "./pool.ts";
import type { Pool, PoolWatcher } from "./pool.ts";
import { createRandom } from "./random.ts";
import type { ResponseRecord } from "./responses.ts";
import { createTally } from "./result.ts";
import type { Result } from "./result.ts";
import { createWatch } from "./view.ts";
import type { SecondFigures } from "./view.ts";

/** How requests meet machines; the engines differ in it, and in nothing else. */
export interface Station {
  readonly watcher: PoolWatcher | null;
  /** The second that begins at `second`, `rate` requests expected: fills all but `ready` and `slots`. */
  pass(second: number, rate: number, place: Place): void;
}

export interface Place {
  readonly pool: Pool;
  readonly responses: ResponseRecord;
  readonly figures: SecondFigures;
}

/** Lets a policy run a pool through a window, second by second. */
export function runEngine(scenario: Scenario, policy: Policy, station: Station): Result {
  const { model, arrivals, seed } = scenario;
  const pool = createPool({
    model,
    random: createRandom(seed * 307 + 5),
    machines: startMachinesOf(scenario),
    second: arrivals.startS,
    watcher: station.watcher,
  });
  const watch = createWatch(scenario, pool, policy.isBalancerEnough ?? false);
  const tally = createTally(scenario);
  const figures = noFigures();
  const place = { pool, responses: watch.responses, figures };
  for (let index = 0; index < arrivals.rates.length; index += 1) {
    const second = arrivals.startS + index;
    pool.settle(second);
    if (index % policy.tickS === 0) {
      const machines = policy.decide(watch.view, second);
      if (machines !== null) pool.resize(machines, second);
    }
    figures.ready = pool.serving.length;
    figures.slots = figures.ready * model.slots;
    station.pass(second, arrivals.rates[index] ?? 0, place);
    watch.put(second, figures);
    tally.put(index, figures, pool.desired);
  }
  pool.end(arrivals.startS + arrivals.rates.length);
  return tally.end(pool.figures);
}

function noFigures(): SecondFigures {
  return {
    arrivals: 0,
    completions: 0,
    started: 0,
    busy: 0,
    queue: 0,
    queued: 0,
    slow: 0,
    failed: 0,
    ready: 0,
    slots: 0,
  };
}
