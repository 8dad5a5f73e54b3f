import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyLimits, sensibleRules, type RuleTexts } from "../../../test/harness/random-rules.ts";
import {
  aView,
  someRules,
  steadyResponses,
  type ViewWish,
} from "../../../test/harness/role-view.ts";
import { aRule, aStepRule, aTarget } from "../../../test/harness/rule-texts.ts";
import { decide } from "./decision.ts";
import type { ScalingPolicy } from "./policy.ts";
import { recompute } from "./rules/reasons.ts";
import type { Pace, Rules } from "./rules/rules.ts";
import { emptyDecisionState, type DecisionState } from "./rules/state.ts";

/** `RUNS=100000 node --test …` for the long way. */
const RUNS = Number(process.env["RUNS"] ?? 1_500);
const NOW = 1_800_000_000;

const rules: fc.Arbitrary<Rules> = fc
  .record({ texts: sensibleRules, limits: anyLimits })
  .map(({ texts, limits }) => someRules({ ...compiled(texts), limits }));

function compiled({ targets, when, steps }: RuleTexts): Partial<Rules> {
  return {
    targets: targets.map(([name, target]) => aTarget(name, target)),
    when: [
      ...when.map(([condition, effect]) => aRule(condition, effect)),
      ...(steps === null ? [] : [aStepRule("avg(cpu, 10s)", steps)]),
    ],
  };
}

const bounds = fc
  .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 50 }))
  .map(([min, more]) => ({ min, max: min + more }));

const policies: fc.Arbitrary<ScalingPolicy> = fc.record({
  rules,
  bounds,
  aim: fc.option(
    fc
      .record({ need: fc.oneof(fc.nat(60), fc.constant(Number.NaN)), isCalm: fc.boolean() })
      .map((said) => () => ({ ...said, reason: "as it likes", memory: said.need })),
  ),
});

/** Evenly, not mostly next to nothing as doubles are drawn. */
const figure = (max: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1_000 }).map((n) => (n * max) / 1_000);

const loads: fc.Arbitrary<Load> = fc.record({
  arrivals: figure(1_000),
  busy: figure(200),
  queue: fc.constantFrom(0, 0, 0, 1, 50),
  cpu: figure(1),
  rt: figure(3),
});
interface Load {
  readonly arrivals: number;
  readonly busy: number;
  readonly queue: number;
  readonly cpu: number;
  readonly rt: number;
}

const pools: fc.Arbitrary<Pool> = fc.record({
  ready: fc.integer({ min: 0, max: 40 }),
  booting: fc.nat(5),
});
interface Pool {
  readonly ready: number;
  readonly booting: number;
}

function viewOf(nowS: number, load: Load, pool: Pool, wish: ViewWish = {}) {
  const { arrivals, busy, queue, cpu, rt } = load;
  const responses = steadyResponses(rt, arrivals);
  return aView(nowS, {
    arrivals,
    busy,
    queue,
    responses,
    metrics: { cpu },
    ...pool,
    past: 40,
    ...wish,
  });
}

function check(property: fc.IRawProperty<unknown>, share = 1): void {
  fc.assert(property, { numRuns: Math.ceil(RUNS * share) });
}

const isPlain = (state: DecisionState): boolean => JSON.stringify(state).length < 65_536;

describe("whatever the rules and the figures", () => {
  it("1 the bounds hold, 2 the same question has the same answer and the state is plain data, 16 the reasons say it all", () => {
    check(
      fc.property(
        policies,
        loads,
        pools,
        fc.array(loads, { maxLength: 4 }),
        (policy, load, pool, more) => {
          let state = emptyDecisionState;
          let seen = pool;
          for (const [turn, now] of [load, ...more].entries()) {
            const view = viewOf(NOW + turn, now, seen);
            const decision = decide(policy, state, view, NOW + turn);
            const { min, max } = policy.bounds;
            assert.ok(decision.desired >= min && decision.desired <= max);
            assert.ok(Number.isInteger(decision.desired));
            assert.ok(decision.nextS > NOW + turn);
            const travelled = JSON.parse(JSON.stringify(state)) as DecisionState;
            const twin = decide(policy, travelled, view, NOW + turn);
            assert.deepEqual(JSON.stringify(twin), JSON.stringify(decision));
            assert.equal(recompute(decision.reasons), decision.desired);
            for (const [at, { before }] of decision.reasons.entries()) {
              assert.equal(before, decision.reasons[at - 1]?.after ?? 0);
            }
            assert.ok(isPlain(decision.state));
            state = decision.state;
            seen = { ready: decision.desired, booting: 0 };
          }
        },
      ),
    );
  });

  it("3 more arrivals, queue or CPU never want fewer machines", () => {
    const more = fc.record({
      arrivals: fc.nat(500),
      busy: fc.nat(100),
      queue: fc.nat(20),
      cpu: fc.nat(50),
    });
    check(
      fc.property(policies, loads, pools, more, (policy, load, pool, extra) => {
        const busier = {
          ...load,
          arrivals: load.arrivals + extra.arrivals,
          busy: load.busy + extra.busy,
          queue: load.queue + extra.queue,
          cpu: Math.min(1, load.cpu + extra.cpu / 100),
        };
        const asked = (given: Load): number =>
          decide(policy, emptyAsked(pool), viewOf(NOW, given, pool), NOW).desired;
        assert.ok(asked(busier) >= asked(load), `${asked(load)} → ${asked(busier)}`);
      }),
    );
  });

  it("4 figures that are missing, stale or no numbers never want fewer machines; a blackout holds", () => {
    const gone = fc.record({
      cpu: fc.constantFrom(null, Number.NaN, (s: number) => (s < NOW - 31 ? 0.01 : null)),
      isQueueGone: fc.boolean(),
    });
    check(
      fc.property(
        rules,
        bounds,
        loads,
        pools,
        gone,
        (rules, bounds, load, pool, { cpu, isQueueGone }) => {
          const current = pool.ready + pool.booting;
          fc.pre(current >= bounds.min && current <= bounds.max);
          const policy = { rules, bounds, aim: null };
          const wish = { metrics: { cpu }, ...(isQueueGone ? { queue: (): null => null } : {}) };
          const view = viewOf(NOW, load, pool, wish);
          const isBlind = usesCpu(rules) || isQueueGone;
          if (isBlind) assert.ok(decide(policy, emptyAsked(pool), view, NOW).desired >= current);
          fc.pre(rules.targets.length + rules.when.length > 0);
          const dark = aView(NOW, {
            ...pool,
            arrivals: null,
            busy: null,
            queue: null,
            metrics: {},
          });
          const kept = decide(policy, emptyAsked(pool), dark, NOW).desired;
          assert.equal(kept, current);
        },
      ),
    );
  });

  it("5 nothing is given back within 30 s of a queue, nor while machines arrive", () => {
    check(
      fc.property(policies, loads, pools, fc.nat(28), (policy, load, pool, ago) => {
        const current = pool.ready + pool.booting;
        fc.pre(current <= policy.bounds.max);
        const queue = (s: number): number => (s === NOW - 1 - ago ? 1 : 0);
        const view = viewOf(NOW, load, pool, { queue });
        assert.ok(decide(policy, emptyAsked(pool), view, NOW).desired >= current);
        fc.pre(pool.booting > 0);
        const grown = { ...emptyAsked(pool), grownAtS: NOW - 10 };
        const arriving = viewOf(NOW, { ...load, queue: 0 }, pool);
        assert.ok(decide(policy, grown, arriving, NOW).desired >= current);
      }),
    );
  });

  it("6 who asks twice at the same moment launches once, and booting machines are counted", () => {
    check(
      fc.property(policies, loads, pools, (policy, load, pool) => {
        const first = decide(policy, emptyAsked(pool), viewOf(NOW, load, pool), NOW);
        const ready = Math.min(pool.ready, first.desired);
        const carried = { ready, booting: first.desired - ready };
        for (const after of [pool, carried]) {
          const second = decide(policy, first.state, viewOf(NOW, load, after), NOW);
          assert.equal(second.desired, first.desired);
          assert.deepEqual(second.state, first.state);
        }
        // A second later the same wish is not made again on top of itself.
        const when = { ...policy, aim: null, rules: { ...policy.rules, targets: [] } };
        const once = decide(when, emptyAsked(pool), viewOf(NOW, load, pool), NOW);
        fc.pre(once.desired > pool.ready + pool.booting);
        const booting = { ready: pool.ready, booting: once.desired - pool.ready };
        const isFree = policy.rules.limits.up === null && policy.rules.limits.launches === null;
        const later = decide(when, once.state, viewOf(NOW + 1, load, booting), NOW + 1);
        if (isFree) assert.equal(later.desired, once.desired);
      }),
    );
  });

  it("8 what was given back is not asked for again at once", () => {
    const pairs = fc.record({
      metric: fc.constantFrom("in_flight per machine", "arrivals per machine", "load"),
      low: fc.integer({ min: 1, max: 9 }),
      gap: fc.integer({ min: 0, max: 4 }),
      share: fc.constantFrom("remove 1", "remove 20%", "remove 70%"),
      ready: fc.integer({ min: 1, max: 40 }),
      each: figure(12),
    });
    check(
      fc.property(rules, pairs, (others, { metric, low, gap, share, ready, each }) => {
        const unit = metric.startsWith("arrivals") ? "/s" : "";
        const up = aRule(`${metric} > ${low + gap}${unit}`, "add 1");
        const down = aRule(`${metric} < ${low}${unit}`, share);
        const targets = others.targets.filter(({ name }) => !name.includes("cpu"));
        const policy = {
          rules: someRules({ targets, when: [up, down] }),
          bounds: { min: 0, max: 100 },
          aim: null,
        };
        const told = (nowS: number, size: number, state: DecisionState) => {
          const total = each * ready;
          const metrics = { load: total / size, cpu: 0 };
          const pool = { ready: size, booting: 0 };
          const view = aView(nowS, { ...pool, busy: total, arrivals: total, metrics, past: 40 });
          return decide(policy, state, view, nowS);
        };
        const first = told(NOW, ready, emptyAsked({ ready, booting: 0 }));
        fc.pre(first.desired < ready && first.desired > 0);
        const second = told(NOW + 50, first.desired, first.state);
        assert.ok(
          second.desired <= first.desired,
          `${ready} → ${first.desired} → ${second.desired}`,
        );
      }),
    );
  });

  it("9 no window sees more growth, shrinking or launches than the limits allow", () => {
    const stories = fc.array(fc.record({ load: loads, after: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 3,
      maxLength: 12,
    });
    check(
      fc.property(rules, pools, stories, (given, pool, story) => {
        const { limits } = given;
        const policy = { rules: given, bounds: { min: 0, max: 10_000 }, aim: null };
        let state = emptyAsked(pool);
        let size = pool.ready + pool.booting;
        let nowS = NOW;
        const sizes: (readonly [number, number, number])[] = [];
        for (const { load, after } of story) {
          nowS += after;
          const decision = decide(
            policy,
            state,
            viewOf(nowS, load, { ready: size, booting: 0 }),
            nowS,
          );
          ({ state } = decision);
          sizes.push([nowS, size, decision.desired]);
          size = decision.desired;
        }
        const up = (from: number, to: number): number => Math.max(0, to - from);
        const down = (from: number, to: number): number => Math.max(0, from - to);
        holdsPace(sizes, limits.up, up);
        holdsPace(sizes, limits.down, down);
        const { launches } = limits;
        if (launches !== null) holdsPace(sizes, { ...launches, share: null }, up);
      }),
      0.5,
    );
  });

  it("10 a month costs no more than its cap, and the minimum", () => {
    const purse = fc.record({
      machineHour: fc.constantFrom(0.05, 0.2, 1),
      perMonth: fc.integer({ min: 1, max: 60 }),
    });
    check(
      fc.property(policies, loads, purse, (policy, load, { machineHour, perMonth }) => {
        const spend = { perHour: null, perMonth, currency: "USD", isCap: true } as const;
        const capped = { ...policy, rules: { ...policy.rules, spend } };
        let state = emptyDecisionState;
        let size = policy.bounds.max;
        let thisMonth = 0;
        let spentOnMin = 0;
        for (let hour = 0; hour < 40; hour += 1) {
          const nowS = NOW + hour * 100;
          const view = viewOf(
            nowS,
            load,
            { ready: size, booting: 0 },
            { spending: { machineHour, thisMonth } },
          );
          const decision = decide(capped, state, view, nowS);
          ({ state, desired: size } = decision);
          thisMonth += size * machineHour;
          spentOnMin += policy.bounds.min * machineHour;
        }
        assert.ok(thisMonth <= perMonth + spentOnMin + 1e-6, `${thisMonth} of ${perMonth}`);
      }),
      0.2,
    );
  });

  it("13 a clock that jumps an hour changes nothing by itself", () => {
    const jump = fc.constantFrom(3_600, -3_600, 86_400);
    check(
      fc.property(
        policies,
        loads,
        pools,
        jump,
        fc.integer({ min: 1, max: 20 }),
        (policy, load, pool, by, at) => {
          const told = (jumpS: number): readonly number[] => {
            let state = emptyDecisionState;
            let size = pool;
            return Array.from({ length: 24 }, (_, turn) => {
              const nowS = NOW + turn + (turn >= at ? jumpS : 0);
              const busy = turn < 5 ? load : { ...load, queue: 0, cpu: load.cpu / 4 };
              const decision = decide(policy, state, viewOf(nowS, busy, size, { past: 31 }), nowS);
              ({ state } = decision);
              size = { ready: decision.desired, booting: 0 };
              return decision.desired;
            });
          };
          assert.deepEqual(told(by), told(0));
        },
      ),
      0.1,
    );
  });

  it("14 twice the slots halve the machines of a target per slot", () => {
    check(
      fc.property(figure(400), fc.integer({ min: 1, max: 40 }), (busy, ready) => {
        const sizes = [4, 8].map((slots) => {
          const policy = {
            rules: someRules({
              targets: [
                { ...aTarget("in_flight per machine", "1"), target: slots * 0.7, tolerance: 0 },
              ],
            }),
            bounds: { min: 0, max: 1_000 },
            aim: null,
          };
          const pool = { ready, booting: 0 };
          const view = aView(NOW, { busy, ...pool, slots });
          return decide(policy, emptyAsked(pool), view, NOW).desired;
        });
        assert.ok(Math.abs((sizes[0] ?? 0) / 2 - (sizes[1] ?? 0)) <= 1, String(sizes));
      }),
      0.3,
    );
  });
});

function emptyAsked({ ready, booting }: Pool): DecisionState {
  return { ...emptyDecisionState, asked: { s: NOW - 1, desired: ready + booting } };
}

function usesCpu({ targets, when }: Rules): boolean {
  const isCpu = (value: unknown): boolean => JSON.stringify(value).includes('"cpu"');
  return targets.some(isCpu) || when.some((rule) => isCpu(rule) && rule.kind === "steps");
}

function holdsPace(
  sizes: readonly (readonly [number, number, number])[],
  pace: Pace | null,
  moved: (from: number, to: number) => number,
): void {
  if (pace === null) return;
  for (const [end, from, to] of sizes) {
    // A share is one of what there was when the window of the move began.
    if (moved(from, to) === 0 && pace.share !== null) continue;
    const within: typeof sizes = sizes.filter(([at]) => at <= end && at > end - pace.seconds);
    const began = within[0]?.[1] ?? 0;
    const sum = within.reduce((sum, [, from, to]) => sum + moved(from, to), 0);
    const share: number = pace.share === null ? 0 : Math.max(1, Math.ceil(pace.share * began));
    assert.ok(
      sum <= Math.max(share, pace.machines ?? 0),
      `${sum} within ${pace.seconds} s from ${began}`,
    );
  }
}
