import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { policyFor } from "../core/scaling/role-policy.ts";
import type { ScalingSettings } from "../core/desired.ts";
import { readSiteFile } from "../site/site-file.ts";
import { createAim } from "./aim.ts";
import { createArrivals } from "./arrivals.ts";
import { createDecided } from "./decided.ts";
import type { Decided } from "./decided.ts";
import { runExact } from "./exact.ts";
import { runFluid } from "./fluid.ts";
import { usualModel } from "./model.ts";
import { badShare } from "./result.ts";

const bounds = { min: 2, max: 60 };

function settings(scale: string): ScalingSettings {
  const text = `site: shop\nweb:\n  run: a\n  machines: 2..60\n  scale: ${scale}\n`;
  const reading = readSiteFile([{ path: "tidemill.yaml", text }]);
  assert.ok(reading.kind === "site", JSON.stringify(reading));
  const [role] = reading.site.roles;
  assert.ok(role !== undefined);
  return role.scaling;
}

/** Calm, then ten times as much from one minute to the next. */
const rates = Float64Array.from({ length: 90 }, (_, m) => (m > 30 ? 300 : 30));
const trace = { startS: 0, stepS: 60, rates };
const arrivals = createArrivals(trace, { fromS: 0, toS: 3_600, scale: 1, seed: 1 });
const scenario = { arrivals, model: usualModel, seed: 1, startMachines: null };

function decided(scale: string, machineHour: number | null = null): Decided {
  const policy = policyFor({ scaling: settings(scale) }, bounds);
  return createDecided({ name: "web", policy, startS: 0, lengthS: 3_600, machineHour });
}

const aim = "{ aim: { slow: 1s } }";
const afterS = 31 * 60 + 30;

describe("what decides for a live site, in the simulator", () => {
  for (const [name, run] of Object.entries({ fluid: runFluid, exact: runExact })) {
    it(`does by its aim what the aim does, ${name}`, () => {
      const alone = run(scenario, createAim(bounds));
      const result = run(scenario, decided(aim));
      assert.ok(Math.abs(badShare(result) - badShare(alone)) < 0.005);
      assert.ok(Math.abs(result.machineSeconds / alone.machineSeconds - 1) < 0.05);
      assert.deepEqual(run(scenario, decided(aim)), result);
    });
  }

  it("knows requests in flight, response times and errors", () => {
    const scaled = [
      "{ targets: [{ in_flight per machine: 3 }] }",
      '{ when: [{ if: "p95(rt) > 900ms and requests(10s) >= 50", do: x2 }] }',
      '{ when: [{ if: "errors > 10/s", do: x2 }] }',
    ];
    for (const scale of scaled) {
      const result = runFluid(scenario, decided(scale));
      assert.ok(Math.max(...result.desired) >= 2 * (result.desired[1_700] ?? 0), scale);
    }
  });

  it("has no more machines than may be paid for, and tells so", () => {
    const scale = "{ aim: { slow: 1s }, spend: { per hour: 0.50 USD } }";
    const policy = decided(scale, 0.1);
    const result = runFluid(scenario, policy);
    assert.equal(Math.max(...result.desired), 5);
    assert.equal(policy.heldBack(afterS), "spend");
    assert.equal(policy.heldBack(0), null);
    assert.ok(Math.max(...runFluid(scenario, decided(scale)).desired) > 5, "without a price");
  });

  it("has spent nothing when a month begins", () => {
    const startS = Date.UTC(2026, 9, 31, 23, 30) / 1_000;
    const steady = { startS, stepS: 60, rates: new Float64Array(60).fill(100) };
    const wish = { fromS: startS, toS: startS + 3_600, scale: 1, seed: 1 };
    const month = createArrivals(steady, wish);
    const scale = "{ aim: { slow: 1s }, spend: { per month: 0.33 USD } }";
    const policy = policyFor({ scaling: settings(scale) }, bounds);
    const result = runFluid(
      { ...scenario, arrivals: month },
      createDecided({ name: "web", policy, startS, lengthS: 3_600, machineHour: 0.1 }),
    );
    // The minimum on the month's last minute, and what an hour of the next month's money pays for.
    assert.equal(result.desired[1_790], 2);
    assert.equal(result.desired[1_810], 3);
  });

  it("only writes down in shadow mode", () => {
    const result = runFluid(scenario, decided("{ aim: { slow: 1s }, mode: shadow }"));
    assert.equal(result.ups, 0);
  });
});

describe("the aim's own settings", () => {
  it("cost more with more room, and more when kept longer", () => {
    const hours = (scale: string): number => runFluid(scenario, decided(scale)).machineSeconds;
    const usual = hours(aim);
    assert.ok(hours("{ aim: { slow: 1s, room: 40% } }") > usual);
    assert.ok(hours("{ aim: { slow: 1s }, hold: 1m }") < usual);
    assert.equal(hours("{ aim: { slow: 1s, room: 5% }, hold: 10m }"), usual);
  });
});
