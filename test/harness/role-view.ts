/** What a decision looks at, from a few numbers. */
import type { DecisionView } from "../../src/core/scaling/policy.ts";
import type { Rules } from "../../src/core/scaling/rules/rules.ts";
import { coverageMin, type Seconds } from "../../src/core/scaling/seconds.ts";
import type { Responses } from "../../src/core/scaling/view.ts";

/** The figure of a second; null: nobody said. */
export type Figure = number | null | ((second: number) => number | null);

export interface ViewWish {
  readonly ready?: number;
  readonly booting?: number;
  readonly desired?: number;
  readonly bootS?: number;
  readonly slots?: number;
  readonly arrivals?: Figure;
  readonly busy?: Figure;
  readonly queue?: Figure;
  readonly metrics?: Readonly<Record<string, Figure>>;
  readonly responses?: Responses;
  readonly spending?: DecisionView["spending"];
  /** Seconds that are known. */
  readonly past?: number;
}

/** A pool of `ready` machines on which the same figures were seen for as long as is remembered. */
export function aView(nowS: number, wish: ViewWish = {}): DecisionView {
  const { ready = 4, booting = 0, past = 120 } = wish;
  const figure = (given: Figure | undefined): Seconds =>
    aSeries(nowS, past, given === undefined ? 0 : given);
  const metrics = Object.entries(wish.metrics ?? {});
  return {
    pool: { ready, booting, desired: wish.desired ?? ready + booting },
    machine: { slots: wish.slots ?? 4, bootS: wish.bootS ?? 15 },
    balancer: {
      arrivals: figure(wish.arrivals),
      completions: figure(wish.arrivals),
      busy: figure(wish.busy),
      queue: figure(wish.queue),
    },
    metrics: new Map(metrics.map(([name, given]) => [name, figure(given)])),
    responses: wish.responses ?? null,
    earlier: null,
    spending: wish.spending ?? null,
  };
}

/** The figure of each of the last seconds, without a record of them. */
function aSeries(nowS: number, past: number, figure: Figure): Seconds {
  const at = (second: number): number | null => {
    if (second < nowS - past || second >= nowS) return null;
    const value = typeof figure === "function" ? figure(second) : figure;
    return value === null || !Number.isFinite(value) ? null : value;
  };
  const values = (from: number, to: number): readonly number[] => {
    const found: number[] = [];
    for (let second = from; second < to; second += 1) {
      const value = at(second);
      if (value !== null) found.push(value);
    }
    return found;
  };
  return {
    end: figure === null ? null : nowS,
    at,
    mean(from, to) {
      const found = values(from, to);
      const isEnough = found.length > 0 && found.length >= (to - from) * coverageMin;
      return isEnough ? found.reduce((sum, value) => sum + value, 0) / found.length : null;
    },
    count: (from, to) => values(from, to).length,
  };
}

/** Response times that are always the same. */
export function steadyResponses(seconds: number, answersPerSecond: number): Responses {
  return {
    quantile: (_, from, to) => ({ seconds, answers: answersPerSecond * (to - from) }),
  };
}

/** Rules that want nothing, with what is given instead. */
export function someRules(wish: Partial<Rules> = {}): Rules {
  return {
    mode: "on",
    aim: null,
    targets: [],
    when: [],
    schedule: [],
    zones: {},
    limits: { holdS: 0, up: null, down: null, cooldownUpS: 0, cooldownDownS: 0, launches: null },
    spend: null,
    olderS: 30,
    metrics: [],
    ...wish,
  };
}
