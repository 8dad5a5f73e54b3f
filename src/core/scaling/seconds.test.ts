import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { coverageMin, createSeconds } from "./seconds.ts";

describe("createSeconds", () => {
  it("knows nothing before the first value", () => {
    const seconds = createSeconds(10);
    assert.deepEqual(
      [seconds.end, seconds.mean(0, 5), seconds.at(0), seconds.count(0, 9)],
      [null, null, null, 0],
    );
  });

  it("leaves out what is old or no number, and lets the later of two values of a second count", () => {
    const seconds = createSeconds(10);
    seconds.put(100, 1);
    seconds.put(101, Number.NaN);
    seconds.put(101, 2);
    seconds.put(101, 4);
    seconds.put(100, 50);
    assert.deepEqual([seconds.at(100), seconds.at(101), seconds.end], [1, 4, 102]);
    assert.equal(seconds.mean(100, 102), 2.5);
  });

  it("gives no mean where too many seconds are missing", () => {
    const seconds = createSeconds(10);
    for (const second of [0, 1, 2, 4, 7]) seconds.put(second, 1);
    assert.equal(seconds.mean(0, 5), 1);
    assert.equal(seconds.mean(2, 8), null);
  });

  it("begins anew when the clock was set back, and costs nothing when it jumped ahead", () => {
    const seconds = createSeconds(10);
    for (const second of [5_000, 5_001, 2_000, 2_001]) seconds.put(second, second);
    assert.deepEqual([seconds.mean(2_000, 2_002), seconds.at(5_001)], [2_000.5, null]);
    seconds.put(8e15, 1);
    assert.deepEqual([seconds.count(8e15 - 9, 8e15 + 1), seconds.at(8e15)], [1, 1]);
  });

  it("says what a list of all values says, whatever comes", () => {
    const puts = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 12 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), puts, fc.nat(9), (length, given, span) => {
        const seconds = createSeconds(length);
        const all = new Map<number, number>();
        let now = 1000;
        for (const [step, value] of given) {
          now += step;
          seconds.put(now, value);
          all.set(now, value);
        }
        const end = seconds.end ?? 0;
        const from = end - 1 - span;
        const kept = [...all]
          .filter(([at]) => at >= Math.max(from, end - length))
          .map(([, v]) => v);
        assert.equal(seconds.count(from, end), kept.length);
        const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
        const expected = kept.length > 0 && kept.length >= (end - from) * coverageMin ? mean : null;
        const told = seconds.mean(from, end);
        if (expected === null) assert.equal(told, null);
        else
          assert.ok(told !== null && Math.abs(told - expected) <= 1e-3, `${told} for ${expected}`);
        for (let at = from; at < end; at += 1) {
          const there = at >= end - length ? (all.get(at) ?? null) : null;
          assert.equal(seconds.at(at), there);
        }
      }),
      { numRuns: 500 },
    );
  });
});
