import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAim } from "./aim.ts";
import { createArrivals } from "./arrivals.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import { usualModel } from "./model.ts";
import { badShare } from "./result.ts";

describe("the aim in the simulator", () => {
  /** Calm, then ten times as much from one minute to the next. */
  const rates = Float64Array.from({ length: 90 }, (_, m) => (m > 30 ? 300 : 30));
  const trace = { startS: 0, stepS: 60, rates };
  const arrivals = createArrivals(trace, { fromS: 0, toS: 3_000, scale: 1, seed: 1 });
  const scenario = { arrivals, model: usualModel, seed: 1, startMachines: null };

  for (const [name, run] of Object.entries({ fluid: runFluid, exact: runExact })) {
    it(`launches for a crowd while it is still coming, and has its memory to itself, ${name}`, () => {
      const result = run(scenario, createAim(usualModel));
      const before = result.desired[30 * 60] ?? 0;
      assert.ok((result.desired[30 * 60 + 25] ?? 0) > 2 * before, "nothing is launched");
      assert.ok(badShare(result) < 0.1, `${badShare(result)} are slow`);
      assert.deepEqual(run(scenario, createAim(usualModel)), result);
    });
  }
});
