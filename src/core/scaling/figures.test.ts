import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LoadSample } from "../observed.ts";
import { figuresOf } from "./figures.ts";

function aSample(second: number, wish: Partial<LoadSample> = {}): LoadSample {
  const at = second * 1_000 + 300;
  const calm = { inFlight: 2, queue: 0, requestsPerSecond: 10, serversUp: 1 };
  return { at, ...calm, latency: null, metrics: {}, ...wish };
}

describe("figuresOf", () => {
  it("knows what was answered from what came and what is still there", () => {
    const { balancer } = figuresOf([
      aSample(100),
      aSample(101, { inFlight: 6, queue: 2 }),
      aSample(103, { inFlight: 2, queue: 2 }),
      aSample(113, { inFlight: 9 }),
    ]);
    const answered = [100, 101, 103, 113].map((second) => balancer.completions.at(second));
    assert.deepEqual(answered, [10, 4, 12, 10]);
    assert.deepEqual([balancer.busy.at(101), balancer.queue.at(101)], [6, 2]);
  });

  it("keeps what machines say of themselves, by name", () => {
    const { metrics } = figuresOf([aSample(5, { metrics: { cpu: 0.4 } })]);
    assert.deepEqual([...metrics.keys()], ["cpu"]);
    assert.equal(metrics.get("cpu")?.at(5), 0.4);
  });

  it("answers a percentile with the nearest that is told and not smaller", () => {
    const latency = { p50: 100, p95: 400, p99: 900 };
    const { responses } = figuresOf([aSample(7, { latency }), aSample(8, { latency })]);
    assert.deepEqual(responses.quantile(0.9, 7, 9), { seconds: 0.4, answers: 20 });
    assert.deepEqual(responses.quantile(0.999, 7, 9), { seconds: 0.9, answers: 20 });
    assert.equal(responses.quantile(0.5, 0, 5), null);
  });
});
