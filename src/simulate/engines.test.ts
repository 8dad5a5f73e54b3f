import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createArrivals } from "./arrivals.ts";
import { createHpa } from "./baselines/hpa.ts";
import { createStatic } from "./baselines/static.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import { usualModel } from "./model.ts";
import type { Scenario } from "./model.ts";
import type { Policy } from "./policy.ts";
import { badShare } from "./result.ts";

const engines = { fluid: runFluid, exact: runExact };

/** Some hours that swing between calm and busy. */
function scenario(wish: { hours?: number; scale?: number; seed?: number } = {}): Scenario {
  const { hours = 1, scale = 1, seed = 1 } = wish;
  const rates = Float64Array.from({ length: hours * 60 }, (_, m) => 60 - 50 * Math.cos(m / 9));
  const trace = { startS: 1_800, stepS: 60, rates };
  const arrivals = createArrivals(trace, { fromS: 1_800, toS: 1_800 + hours * 3_600, scale, seed });
  return { arrivals, model: usualModel, seed, startMachines: null };
}

for (const [name, run] of Object.entries(engines)) {
  describe(`the ${name} engine`, () => {
    it("makes the same of the same seed, and something else of another", () => {
      const once = run(scenario(), createHpa({ target: 0.65 }));
      assert.deepEqual(run(scenario(), createHpa({ target: 0.65 })), once);
      const other = run({ ...scenario(), seed: 2 }, createHpa({ target: 0.65 }));
      assert.notEqual(other.requests, once.requests);
    });

    it("loses nobody: all are answered, failed or still waiting, whatever the policy does", () => {
      const policies = fc.infiniteStream(
        fc.oneof(fc.integer({ min: -5, max: 70 }), fc.constant(Number.NaN)),
      );
      const load = fc.double({ min: 0, max: 6, noNaN: true });
      fc.assert(
        fc.property(
          policies,
          fc.integer({ min: 1, max: 120 }),
          load,
          fc.nat(99),
          (wishes, tickS, scale, seed) => {
            const moody: Policy = { name: "moody", tickS, decide: () => wishes.next().value };
            const given = scenario({ scale, seed });
            const short = { ...given.arrivals, rates: given.arrivals.rates.subarray(0, 600) };
            const result = run({ ...given, arrivals: short }, moody);
            const sum = result.answered + result.failed + result.waiting;
            assert.ok(Math.abs(sum - result.requests) < 1e-6);
            for (const figure of [result.slow, result.failed, result.waiting, result.queued])
              assert.ok(figure >= 0 && figure <= result.requests + 1e-6);
            assert.ok(result.slow <= result.answered + result.waiting + 1e-6);
            assert.ok(result.machineSeconds >= 600 * usualModel.min);
            assert.ok(result.desired.every((n) => n >= usualModel.min && n <= usualModel.max));
            assert.ok(result.ready.every((n, i) => n <= (result.desired[i] ?? 0)));
          },
        ),
        { numRuns: 15 },
      );
    });

    it("counts nobody as slow and as failed: who was sent away with many others when the pool shrank", () => {
      const given = scenario({ scale: 6 });
      const rates = new Float64Array(120).fill(600);
      const shrinking: Policy = {
        name: "shrinking",
        tickS: 1,
        decide: (_, s) => (s < 1_850 ? 10 : 2),
      };
      const arrivals = { ...given.arrivals, rates };
      const result = run({ ...given, arrivals, startMachines: 10 }, shrinking);
      assert.ok(result.failed > 0);
      assert.ok(result.slow <= result.answered + result.waiting + 1e-6, `${result.slow}`);
      assert.ok(badShare(result) <= 1);
    });

    it("bills a pool that never changes to the second", () => {
      const result = run({ ...scenario(), startMachines: 9 }, createStatic(9));
      assert.equal(result.machineSeconds, 9 * 3_600);
      assert.deepEqual([result.ups, result.downs, result.directionChanges], [0, 0, 0]);
      assert.ok(result.ready.every((machines) => machines === 9));
    });

    it("tells the ten worst minutes, the worst first", () => {
      const { worstMinutes, slow, failed } = run(
        { ...scenario(), startMachines: 3 },
        createStatic(3),
      );
      const bad = worstMinutes.map((minute) => minute.slow + minute.failed);
      assert.equal(bad.length, 10);
      assert.deepEqual(
        bad,
        bad.toSorted((a, b) => b - a),
      );
      assert.ok(bad.reduce((sum, count) => sum + count, 0) <= slow + failed);
      assert.ok(worstMinutes.every(({ startS }) => startS >= 1_800 && startS < 5_400));
    });

    it("makes the first visitors of a new machine wait longer", () => {
      const crowd: Policy = { name: "crowd", tickS: 3_600, decide: () => 20 };
      const [warm, cold] = [0, 3].map((coldFactor) =>
        run({ ...scenario(), startMachines: 6, model: { ...usualModel, coldFactor } }, crowd),
      );
      assert.ok(warm !== undefined && cold !== undefined);
      assert.ok(cold.slow > 1.5 * warm.slow, `${cold.slow} instead of ${warm.slow} are slow`);
    });

    it("counts each machine from its launch, for a minute at least, and answers only once it has booted", () => {
      const calm = { ...scenario({ scale: 0.1 }), startMachines: 2 };
      const blink: Policy = {
        name: "blink",
        tickS: 1,
        decide: (_, second) => (second === 1_900 ? 5 : second === 1_910 ? 2 : null),
      };
      const blinked = run(calm, blink);
      assert.equal(blinked.machineSeconds, 2 * 3_600 + 3 * 60);
      assert.deepEqual([blinked.ups, blinked.downs, blinked.directionChanges], [1, 1, 1]);
      const twice: Policy = {
        name: "twice",
        tickS: 50,
        decide: (_, second) => (second < 1_900 ? 5 : second < 2_000 ? 7 : 2),
      };
      const moved = run(calm, twice);
      assert.deepEqual([moved.ups, moved.downs, moved.directionChanges], [2, 1, 1]);
      const grow: Policy = { name: "grow", tickS: 100, decide: () => 3 };
      const { ready } = run({ ...calm, model: { ...usualModel, bootJitter: 0 } }, grow);
      assert.deepEqual([ready[59], ready[60]], [2, 3]);
    });
  });
}

describe("the two engines", () => {
  /** Follows the traffic too late and too little, so that some are slow for each reason there is. */
  const late: Policy = {
    name: "late",
    tickS: 60,
    decide({ balancer }, second) {
      const rate = balancer.arrivals.mean(second - 120, second - 60);
      return rate === null ? null : Math.ceil((rate * 0.2) / 4 / 0.95);
    },
  };

  it("say nearly the same of slow requests and of machine-hours", () => {
    let [fluidBad, exactBad] = [0, 0];
    for (const seed of [1, 2]) {
      const given = scenario({ hours: 2, scale: 1.5, seed });
      const [fluid, exact] = [runFluid(given, late), runExact(given, late)];
      fluidBad += badShare(fluid);
      exactBad += badShare(exact);
      const cost = fluid.machineSeconds / exact.machineSeconds;
      assert.ok(Math.abs(cost - 1) < 0.01, `${cost} times the machine-hours`);
    }
    assert.ok(exactBad > 0.01, "the window is too easy to tell them apart");
    const slow = fluidBad / exactBad;
    assert.ok(Math.abs(slow - 1) < 0.15, `${slow} times as many slow requests`);
  });
});
