import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { peakOf, sumOfLast, withPeak, written, type Ledger } from "./ledger.ts";

const entries = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(500)), {
  minLength: 150,
  maxLength: 200,
});
const WINDOW = 300;

describe("a ledger", () => {
  it("stays small, and never forgets what was done within its window", () => {
    fc.assert(
      fc.property(entries, (given) => {
        const all: [number, number][] = [];
        let ledger: Ledger = [];
        let now = 0;
        for (const [step, amount] of given) {
          now += step;
          all.push([now, amount]);
          ledger = written(ledger, now, amount, WINDOW);
          assert.ok(ledger.length <= 60);
          const exact = sumOfLast(all, now, WINDOW);
          assert.ok(sumOfLast(ledger, now, WINDOW) >= exact);
          if (all.length <= 60) assert.equal(sumOfLast(ledger, now, WINDOW), exact);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("knows the largest need of its window, or one that was longer ago, never a smaller one", () => {
    fc.assert(
      fc.property(entries, (given) => {
        const all: [number, number][] = [];
        let ledger: Ledger = [];
        let now = 0;
        // Mostly falling, which leaves the most to remember.
        for (const [at, [step, height]] of given.entries()) {
          now += step;
          const need = Math.max(0, 600 - at * 3 + (height % 7));
          all.push([now, need]);
          ledger = withPeak(ledger, now, need, WINDOW);
          assert.ok(ledger.length <= 60);
          const told = peakOf(ledger, now, WINDOW);
          assert.ok(told >= peakOf(all, now, WINDOW));
          assert.ok(all.some(([, need]) => need === told));
        }
      }),
      { numRuns: 200 },
    );
  });
});
