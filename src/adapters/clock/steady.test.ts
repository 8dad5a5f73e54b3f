import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { createSteadyClock } from "./steady.ts";

describe("the steady clock", () => {
  it("goes as the system's clock does", () => {
    let now = 1_000_000;
    const steady = createSteadyClock(
      () => now,
      () => now,
    );
    now += 1234;
    assert.equal(steady(), 1_001_234);
  });

  it("takes a step as a drift, and comes right in the end", () => {
    let [wall, elapsed] = [1_000_000, 0];
    const steady = createSteadyClock(
      () => wall,
      () => elapsed,
    );
    wall += 60_000;
    assert.equal(steady(), 1_000_000, "no time has passed");
    wall += 1_000;
    elapsed += 1_000;
    assert.equal(steady(), 1_001_100, "a tenth faster");
    wall += 600_000;
    elapsed += 600_000;
    assert.equal(steady(), wall);
  });

  it("never goes back and never runs more than a tenth wrong, whatever is done to the system's clock", () => {
    const step = fc.record({ passed: fc.nat(5_000), set: fc.integer({ min: -1e9, max: 1e9 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let [wall, elapsed] = [1e12, 0];
        const steady = createSteadyClock(
          () => wall,
          () => elapsed,
        );
        let last = steady();
        for (const { passed, set } of steps) {
          wall += passed + set;
          elapsed += passed;
          const now = steady();
          assert.ok(now - last >= passed * 0.9 - 1 && now - last <= passed * 1.1 + 1);
          last = now;
        }
      }),
    );
  });
});
