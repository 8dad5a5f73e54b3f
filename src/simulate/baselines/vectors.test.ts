import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSeconds } from "../../core/scaling/seconds.ts";
import { usualModel } from "../model.ts";
import type { Policy, SimulatedView } from "../policy.ts";
import { createHpa, recommendHpa } from "./hpa.ts";
import { createKpaScaler } from "./kpa.ts";
import { applySteps, createStepScaling } from "./step-scaling.ts";
import { createTargetTracking } from "./target-tracking.ts";

/** A pool that obeys at once, whose slots are busy as it is told. */
function drive(policy: Policy, machines: number): (seconds: number, used: number) => number {
  const [busy, queue, slots, ready] = [0, 0, 0, 0].map(() => createSeconds(3_600));
  assert.ok(busy && queue && slots && ready);
  let [now, count] = [0, machines];
  const view: SimulatedView = {
    pool: {
      get ready() {
        return count;
      },
      booting: 0,
      get desired() {
        return count;
      },
    },
    machine: { slots: 4, bootS: 60 },
    balancer: { busy, queue, arrivals: busy, completions: busy },
    metrics: new Map(),
    responses: null,
    earlier: null,
    ready,
    slots,
    model: usualModel,
  };
  return (seconds, used) => {
    for (const end = now + seconds; now < end; now += 1) {
      if (now % policy.tickS === 0) count = policy.decide(view, now) ?? count;
      slots.put(now, count * 4);
      ready.put(now, count);
      busy.put(now, count * 4 * used);
      queue.put(now, 0);
    }
    return count;
  };
}

describe("HPA, as Kubernetes documents it", () => {
  it("makes 4 of 2 pods at 90 % where 50 % are wanted", () => {
    assert.equal(recommendHpa(0.9 / 0.5, { current: 2, ready: 2 }), 4);
  });

  it("leaves alone what is within a tenth of the target", () => {
    assert.equal(recommendHpa(1.09, { current: 10, ready: 10 }), 10);
    assert.equal(recommendHpa(1.11, { current: 10, ready: 10 }), 12);
    assert.equal(recommendHpa(0.9, { current: 10, ready: 10 }), 10);
    assert.equal(recommendHpa(0.89, { current: 10, ready: 10 }), 9);
  });

  it("counts pods that are not ready as idle when it grows, and does nothing if that changes its mind", () => {
    assert.equal(recommendHpa(1.8, { current: 4, ready: 2 }), 4);
    assert.equal(recommendHpa(1.4, { current: 10, ready: 6 }), 10);
    assert.equal(recommendHpa(2.5, { current: 4, ready: 2 }), 5);
  });

  it("shrinks to the highest recommendation of 300 s, and not before they are over", () => {
    const run = drive(createHpa({ target: 0.5 }), 10);
    assert.equal(run(120, 0.5), 10);
    assert.equal(run(285, 0.25), 10);
    assert.equal(run(61, 0.25), 5);
  });

  it("grows by at most 4 pods or to twice as many in 15 s", () => {
    const run = drive(createHpa({ target: 0.1 }), 2);
    assert.equal(run(31, 1), 6);
    assert.equal(run(15, 1), 12);
  });
});

describe("step scaling, as EC2 Auto Scaling documents it", () => {
  it("goes from 10 to 11, 14, 13 and 10", () => {
    const figures = [0.6, 0.7, 0.4, 0.3];
    let capacity = 10;
    const seen = figures.map((figure) => (capacity = applySteps(capacity, figure)));
    assert.deepEqual(seen, [11, 14, 13, 10]);
  });

  it("does nothing between the steps, and at least one machine within them", () => {
    assert.deepEqual(
      [0.41, 0.5, 0.59].map((figure) => applySteps(10, figure)),
      [10, 10, 10],
    );
    assert.deepEqual([applySteps(2, 0.65), applySteps(2, 0.35)], [3, 1]);
  });

  it("waits for two figures in a row, a minute old", () => {
    const run = drive(createStepScaling(), 10);
    assert.equal(run(180, 0.5), 10);
    assert.equal(run(180, 0.75), 10);
    assert.equal(run(1, 0.75), 13);
  });
});

describe("target tracking", () => {
  it("grows in proportion after three high figures, shrinks after fifteen low ones", () => {
    const run = drive(createTargetTracking({ target: 0.5 }), 4);
    assert.equal(run(300, 0.5), 4);
    assert.equal(run(240, 0.8), 4);
    assert.equal(run(1, 0.8), 7);
    const fresh = drive(createTargetTracking({ target: 0.5 }), 4);
    assert.deepEqual([fresh(240, 0.8), fresh(1, 0.8)], [4, 7]);
    const calm = drive(createTargetTracking({ target: 0.5 }), 8);
    assert.equal(calm(60 + 15 * 60, 0.25), 8);
    assert.equal(calm(1, 0.25), 4);
  });
});

describe("KPA, as Knative builds it", () => {
  const calm = { ready: 10, stable: 28, panic: 28, target: 2.8 };

  it("takes the average of the minute while there is no panic", () => {
    assert.equal(createKpaScaler().want(calm, 0), 10);
  });

  it("panics when six seconds want twice what is ready, and does not shrink for a minute after", () => {
    const scaler = createKpaScaler();
    assert.equal(scaler.want({ ...calm, panic: 53 }, 0), 10);
    assert.equal(scaler.want({ ...calm, panic: 56 }, 2), 20);
    assert.equal(scaler.want({ ...calm, ready: 20, stable: 14, panic: 2 }, 62), 20);
    assert.equal(scaler.want({ ...calm, ready: 20, stable: 14, panic: 2 }, 64), 10);
  });

  it("halves at most, and grows as fast as it likes", () => {
    assert.equal(createKpaScaler().want({ ...calm, stable: 0, panic: 0 }, 0), 5);
    assert.equal(createKpaScaler().want({ ...calm, stable: 28, panic: 5_599 }, 0), 2_000);
  });
});
