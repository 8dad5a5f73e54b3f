import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAllowance } from "./allowance.ts";

const rates = {
  messages: { burst: 3, perSecond: 1 },
  bytes: { burst: 1_000, perSecond: 100 },
};

describe("what one peer may say", () => {
  it("is a burst, and then what comes back with time", () => {
    const allowance = createAllowance(rates, 0);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => allowance.take(1, 0)),
      [true, true, true, false],
    );
    assert.equal(createAllowance(rates, 0).take(1_001, 0), false);
    const patient = createAllowance(rates, 0);
    for (let second = 0; second < 50; second++) assert.ok(patient.take(100, second * 1_000));
  });

  it("does not grow while a clock goes back, nor above the burst", () => {
    const allowance = createAllowance(rates, 1_000_000);
    assert.ok(allowance.take(900, 0));
    assert.ok(!allowance.take(900, 0));
    const rested = createAllowance(rates, 0);
    assert.ok(!rested.take(1_001, 3_600_000));
  });
});
