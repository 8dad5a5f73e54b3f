import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createHistogram, createLatencyWindow, latencyOf, recordDuration } from "./latency.ts";

describe("latency from a histogram", () => {
  it("is within 5 % of the exact quantiles", () => {
    const duration = fc.oneof(fc.nat(50), fc.nat(2_000), fc.nat(600_000));
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 500 }), (durations) => {
        const histogram = createHistogram();
        for (const ms of durations) recordDuration(histogram, ms);
        const latency = latencyOf([histogram]);
        assert.ok(latency !== null);
        const sorted = durations.toSorted((a, b) => a - b);
        const shares = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
        for (const name of ["p50", "p95", "p99"] as const) {
          const exact = sorted[Math.ceil(sorted.length * shares[name]) - 1] ?? 0;
          const error = Math.abs(latency[name] - exact);
          assert.ok(error <= exact * 0.05, `${name} of ${exact} is ${latency[name]}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is null without requests, and forgets after about ten seconds", () => {
    const window = createLatencyWindow();
    assert.equal(window.latency("web", 0), null);
    window.record("web", 5, 1_500);
    assert.deepEqual(window.latency("web", 1_500), { p50: 5, p95: 5, p99: 5 });
    assert.deepEqual(window.latency("web", 10_500), { p50: 5, p95: 5, p99: 5 });
    assert.equal(window.latency("web", 11_000), null);
    assert.equal(window.latency("api", 1_500), null);
    window.keepOnly(new Set());
    assert.equal(window.latency("web", 1_500), null);
  });
});
