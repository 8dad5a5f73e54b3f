import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createArrivals } from "./arrivals.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import { usualModel } from "./model.ts";
import type { Scenario } from "./model.ts";
import type { Policy } from "./policy.ts";

const startS = 86_400;
const trace = { startS: 0, stepS: 60, rates: new Float64Array(3_000).fill(40) };

function scenario(): Scenario {
  const arrivals = createArrivals(trace, { fromS: startS, toS: startS + 900, scale: 1, seed: 1 });
  return { arrivals, model: usualModel, seed: 1, startMachines: 3 };
}

for (const [name, run] of Object.entries({ fluid: runFluid, exact: runExact })) {
  describe(`what a policy sees of the ${name} engine`, () => {
    it("is what happened up to the second before, and nothing of what comes", () => {
      const peek: Policy = {
        name: "peek",
        tickS: 1,
        decide(view, second) {
          const { balancer, metrics, responses, earlier, ready, slots } = view;
          const { arrivals, completions, busy, queue } = balancer;
          const all = [arrivals, completions, busy, queue, ready, slots, ...metrics.values()];
          const passed = second - startS;
          for (const seconds of all) {
            assert.deepEqual([seconds.at(second), seconds.count(second, second + 9)], [null, 0]);
            assert.equal(seconds.count(startS, second), passed);
          }
          assert.equal(responses?.quantile(0.5, second, second + 60) ?? null, null);
          const bucket = Math.floor(second / 300) * 300;
          assert.equal(earlier?.rate(bucket), null);
          assert.ok((earlier?.rate(bucket - 300) ?? 0) > 30);
          assert.equal(earlier?.rate(startS - 300), 40);
          return null;
        },
      };
      run(scenario(), peek);
    });

    it("agrees with itself", () => {
      let asked = 0;
      const look: Policy = {
        name: "look",
        tickS: 60,
        decide({ balancer, responses, pool, machine, metrics }, second) {
          if (second < startS + 120) return null;
          asked += 1;
          const [from, to] = [second - 60, second];
          const busy = balancer.busy.mean(from, to) ?? 0;
          const rate = balancer.arrivals.mean(from, to) ?? 0;
          assert.ok(Math.abs(busy / rate / usualModel.serviceS - 1) < 0.1, "Little's law");
          assert.ok(Math.abs((metrics.get("cpu")?.mean(from, to) ?? 0) - busy / 12) < 1e-9);
          const half = responses?.quantile(0.5, from, to);
          assert.ok(half && Math.abs(half.seconds - 0.18) < 0.03, `half take ${half?.seconds} s`);
          assert.ok(Math.abs(half.answers / (rate * 60) - 1) < 0.05);
          assert.deepEqual({ ...pool }, { ready: 3, booting: 0, desired: 3 });
          assert.deepEqual([machine.slots, machine.bootS.toFixed(3)], [4, "69.600"]);
          return null;
        },
      };
      run(scenario(), look);
      assert.equal(asked, 13);
    });
  });
}
