import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createDepartures } from "./departures.ts";
import { createRandom, drawNormal, drawPoisson } from "./random.ts";
import { createRing } from "./ring.ts";
import { createServiceTimes } from "./service-time.ts";

function moments(draw: () => number): { mean: number; deviation: number } {
  const drawn = Array.from({ length: 20_000 }, draw);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const square = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe("chance", () => {
  it("comes again with the seed", () => {
    const [one, again, other] = [5, 5, 6].map(createRandom).map((random) => [random(), random()]);
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
  });

  it("has the mean and the spread that it should", () => {
    const random = createRandom(1);
    const near = (
      found: { mean: number; deviation: number },
      mean: number,
      deviation: number,
    ): void =>
      assert.ok(
        Math.abs(found.mean - mean) < 0.05 * deviation &&
          Math.abs(found.deviation / deviation - 1) < 0.03,
      );
    near(moments(random), 0.5, Math.sqrt(1 / 12));
    near(
      moments(() => drawNormal(random)),
      0,
      1,
    );
    for (const mean of [0.3, 5, 19, 21, 400])
      near(
        moments(() => drawPoisson(mean, random)),
        mean,
        Math.sqrt(mean),
      );
    assert.ok([0, 1e-320, -1].every((mean) => drawPoisson(mean, random) === 0));
  });
});

describe("createServiceTimes", () => {
  it("is lognormal by its mean and coefficient of variation", () => {
    const times = createServiceTimes(0.2, 0.5);
    const { quantiles } = times;
    let place = 0;
    const { mean, deviation } = moments(() => quantiles[(place += 7_919) % quantiles.length] ?? 0);
    assert.ok(Math.abs(mean / 0.2 - 1) < 0.01, `the mean is ${mean}`);
    assert.ok(Math.abs(deviation / 0.1 - 1) < 0.02, `the deviation is ${deviation}`);
    assert.deepEqual([times.longerThan(0), times.longerThan(99)], [1, 0]);
    assert.ok(Math.abs(times.longerThan(quantiles[quantiles.length / 4] ?? 0) - 0.75) < 1e-3);
  });
});

describe("createDepartures", () => {
  it("gives the earliest first, whatever the order they came in", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), (times) => {
        const departures = createDepartures();
        for (const [id, at] of times.entries()) departures.add(at, id);
        const taken: number[] = [];
        while (departures.size > 0) {
          const { nextS } = departures;
          const id = departures.take();
          assert.equal(times[id], nextS);
          taken.push(nextS);
        }
        assert.deepEqual(
          taken,
          times.toSorted((a, b) => a - b),
        );
        assert.equal(departures.nextS, Number.POSITIVE_INFINITY);
      }),
    );
  });

  it("holds as many as there are", () => {
    const departures = createDepartures();
    for (let id = 5_000; id > 0; id -= 1) departures.add(id, id);
    assert.deepEqual([departures.take(), departures.take(), departures.size], [1, 2, 4_998]);
  });
});

describe("createRing", () => {
  it("is a queue, from which equal ones can be removed", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), value: fc.nat(5) }),
      fc.record({ kind: fc.constant("remove" as const), value: fc.nat(5) }),
      fc.record({ kind: fc.constant("take" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ring = createRing(4);
        let list: number[] = [];
        for (const each of steps) {
          if (each.kind === "add" && !ring.isFull) {
            ring.add(each.value);
            list.push(each.value);
          } else if (each.kind === "remove") {
            ring.remove(each.value);
            list = list.filter((value) => value !== each.value);
          } else if (each.kind === "take") assert.equal(ring.take(), list.shift() ?? Number.NaN);
          assert.deepEqual(
            [ring.size, ring.first, ring.isFull],
            [list.length, list[0] ?? Number.NaN, list.length === 4],
          );
        }
      }),
    );
  });
});
