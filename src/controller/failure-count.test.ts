import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../ports/clock.ts";
import { createFailureCount } from "./failure-count.ts";

describe("counting failures by address", () => {
  it("keeps addresses apart, and remembers one that comes again among 30,000 others", () => {
    let now = 1;
    const failures = createFailureCount({ now: () => now } as Clock);
    for (let turn = 0; turn < 10; turn++) assert.equal(failures.count("10.0.0.1"), null);
    assert.equal(failures.count("10.0.0.1"), 6_000);
    assert.equal(failures.count("10.0.0.2"), null);
    for (let address = 0; address < 9_000; address++) failures.count(`a${address}`);
    assert.equal(failures.count("10.0.0.1"), 6_000);
    now += 1_000;
    for (let address = 0; address < 30_000; address++) failures.count(`b${address}`);
    assert.equal(failures.count("10.0.0.1"), null, "the oldest go when there are too many");
  });
});
