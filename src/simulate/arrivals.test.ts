import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createArrivals, rateAt } from "./arrivals.ts";
import { createHistory } from "./history.ts";

const minutes = { startS: 0, stepS: 60, rates: Float64Array.of(10, 20, 40) };
const fives = { startS: 0, stepS: 300, rates: Float64Array.of(10, 20, 40) };

describe("rateAt", () => {
  it("goes straight from minute to minute, and takes a minute for coarser steps", () => {
    assert.deepEqual(
      [0, 30, 60, 90, 120, 999].map((s) => rateAt(minutes, s)),
      [10, 15, 20, 30, 40, 40],
    );
    assert.deepEqual(
      [0, 200, 240, 270, 300, 540, 570].map((s) => rateAt(fives, s)),
      [10, 10, 10, 15, 20, 20, 30],
    );
    assert.equal(rateAt(minutes, -5), 10);
  });
});

describe("createArrivals", () => {
  const wish = { fromS: 600, toS: 4_200, scale: 2, seed: 1 };
  const flat = { startS: 0, stepS: 60, rates: new Float64Array(100).fill(50) };

  it("is the same for the same seed, another for another, and true on average", () => {
    const [one, again] = [createArrivals(flat, wish), createArrivals(flat, wish)];
    assert.deepEqual(one.rates, again.rates);
    const other = createArrivals(flat, { ...wish, seed: 2 });
    assert.notDeepEqual(one.rates, other.rates);
    const mean = one.rates.reduce((sum, rate) => sum + rate, 0) / one.rates.length;
    assert.ok(Math.abs(mean - 100) < 3, `the mean is ${mean}`);
    const quiet = createArrivals(flat, { ...wish, noiseCv: 0 });
    assert.ok(quiet.rates.every((rate) => rate === 100));
  });

  it("knows of the past what the trace says up to the window, and nothing of the window", () => {
    const { past } = createArrivals(flat, { ...wish, fromS: 700 });
    assert.deepEqual([past.startS, [...past.rates]], [0, [100, 100]]);
  });
});

describe("createHistory", () => {
  it("tells what was counted once five minutes are over, and not a second earlier", () => {
    const history = createHistory({ startS: 0, rates: Float64Array.of(7, 8) }, 1_000);
    assert.deepEqual(
      [-300, 0, 300, 600].map((s) => history.rate(s)),
      [null, 7, 8, null],
    );
    for (let second = 600; second < 899; second += 1) history.count(second, 3);
    assert.equal(history.rate(600), null);
    history.count(899, 3);
    assert.deepEqual(
      [600, 900].map((s) => history.rate(s)),
      [3, null],
    );
  });

  it("leaves out five minutes that it saw only in part", () => {
    const history = createHistory({ startS: 0, rates: Float64Array.of(7, 8) }, 1_000);
    for (let second = 700; second < 1_200; second += 1) history.count(second, 3);
    assert.deepEqual(
      [600, 900].map((s) => history.rate(s)),
      [null, 3],
    );
  });
});
