import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { reconnectMs } from "./call-home.ts";

describe("the way home", () => {
  it("is tried after 100 ms at first and 2 s at last, by chance up to half sooner", () => {
    assert.equal(reconnectMs(0, 1), 100);
    assert.equal(reconnectMs(0, 0), 50);
    assert.equal(reconnectMs(50, 1), 2_000);
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, chance) => {
          const ms = reconnectMs(failures, chance);
          assert.ok(ms >= 50 && ms <= 2_000);
          assert.ok(reconnectMs(failures + 1, chance) >= ms);
        },
      ),
    );
  });
});
