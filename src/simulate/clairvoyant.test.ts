import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createArrivals } from "./arrivals.ts";
import { createHpa } from "./baselines/hpa.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import { usualModel } from "./model.ts";
import type { Scenario } from "./model.ts";
import { findClairvoyant } from "./oracle.ts";
import { badShare } from "./result.ts";
import { findStaticPeak } from "./static-peak.ts";

/** Calm, then ten times as much within two minutes, then calm again. */
const rates = Float64Array.from({ length: 120 }, (_, m) => (m > 40 && m < 70 ? 300 : 30));
const trace = { startS: 0, stepS: 60, rates };
const arrivals = createArrivals(trace, { fromS: 0, toS: 7_200, scale: 1, seed: 3 });
const scenario: Scenario = { arrivals, model: usualModel, seed: 3, startMachines: null };

describe("findClairvoyant", () => {
  const best = findClairvoyant(scenario);

  it("makes almost nobody wait, in both engines", () => {
    assert.ok(badShare(best.result) < 0.0009);
    assert.ok(badShare(runExact(best.scenario, best.createPolicy())) < 0.0015);
  });

  it("launches before the crowd comes, and costs less than who reacts and has the same slow requests", () => {
    assert.ok(
      (best.result.desired[41 * 60 - 30] ?? 0) > 5,
      "machines boot before the crowd is there",
    );
    const hpa = runFluid(scenario, createHpa({ target: 0.3 }));
    assert.ok(badShare(hpa) > badShare(best.result));
    assert.ok(hpa.machineSeconds > best.result.machineSeconds);
  });
});

describe("findClairvoyant under a load that just fits", () => {
  it("keeps as much free as it takes", () => {
    const flat = { ...trace, rates: rates.map(() => 39) };
    const tight = createArrivals(flat, { fromS: 0, toS: 7_200, scale: 1, seed: 3 });
    const best = findClairvoyant({ ...scenario, arrivals: tight });
    assert.ok(badShare(best.result) < 0.0009);
  });
});

describe("findStaticPeak", () => {
  it("is the smallest pool that serves the peak", () => {
    const { machines, result } = findStaticPeak(scenario);
    assert.ok(badShare(result) < 0.001);
    assert.equal(result.machineSeconds, machines * 7_200);
    const smaller = { ...scenario, model: { ...usualModel, max: machines - 1 } };
    assert.ok(badShare(findStaticPeak(smaller).result) >= 0.001);
  });
});
