import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

describe("durations", () => {
  it("reads single and joined units", () => {
    assert.equal(parseDuration("500ms"), 500);
    assert.equal(parseDuration("90s"), 90_000);
    assert.equal(parseDuration("1h30m"), 5_400_000);
    assert.equal(parseDuration("1.5m"), 90_000);
  });

  it("refuses what is no duration", () => {
    for (const text of ["", "10", "m", "-5s", "5 s", "0s", "1y", "9999999d", "1e3s"])
      assert.equal(parseDuration(text), null, text);
  });

  it("gives whole positive milliseconds or null, whatever is typed", () => {
    const likely = fc.stringMatching(/^(\d{1,9}(\.\d{1,3})?(ms|s|m|h|d)){1,3}$/);
    fc.assert(
      fc.property(fc.oneof(likely, fc.string()), (text) => {
        const ms = parseDuration(text);
        assert.ok(ms === null || (Number.isInteger(ms) && ms >= 0), `${text}: ${ms}`);
      }),
      { numRuns: 300 },
    );
  });

  it("shows as much as people want to read", () => {
    assert.equal(formatDuration(310), "0.3 s");
    assert.equal(formatDuration(42_000), "42 s");
    assert.equal(formatDuration(7 * 60_000), "7 m");
    assert.equal(formatDuration(3 * 3_600_000), "3 h");
    assert.equal(formatDuration(12 * 86_400_000), "12 d");
    assert.equal(formatDuration(-5), "0.0 s");
  });
});
