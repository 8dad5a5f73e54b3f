import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeRates, encodeRates } from "./arrivals.ts";
import type { ArrivalsRecord } from "./arrivals.ts";
import { createArrivalsBook } from "./arrivals-book.ts";
import type { ArrivalsBook } from "./arrivals-book.ts";

const start = 1_795_000_200;

function fill(book: ArrivalsBook, fromS: number, toS: number, rate: number): void {
  for (let second = fromS; second < toS; second += 1) book.put("web", second, rate);
}

function rateAt(book: ArrivalsBook, second: number): number | null {
  return book.earlier().get("web")?.rate(second) ?? null;
}

describe("what a site remembers of its arrivals", () => {
  it("knows five minutes when they are over, and not before", () => {
    const book = createArrivalsBook();
    fill(book, start, start + 300, 12);
    book.pass(start + 300);
    assert.equal(rateAt(book, start), null);
    assert.deepEqual(book.unwritten(), []);
    book.pass(start + 302);
    assert.equal(rateAt(book, start), 12);
    const [record] = book.unwritten();
    assert.deepEqual(record, {
      role: "web",
      startS: start,
      known: 300,
      mean: 12,
      rates: Array.from({ length: 300 }, () => 12),
    });
  });

  it("keeps what could not be written until it is", () => {
    const book = createArrivalsBook();
    fill(book, start, start + 600, 1);
    book.pass(start + 602);
    const first = book.unwritten();
    assert.equal(first.length, 2);
    book.written(first.slice(0, 1));
    assert.deepEqual(book.unwritten(), first.slice(1));
  });

  it("takes the mean of what is known, and none of less than a minute", () => {
    const book = createArrivalsBook();
    fill(book, start, start + 59, 5);
    fill(book, start + 300, start + 360, 5);
    fill(book, start + 420, start + 480, 7);
    book.pass(start + 602);
    assert.equal(rateAt(book, start), null);
    assert.equal(rateAt(book, start + 300), 6);
    assert.equal(book.unwritten()[1]?.rates[60], null);
  });

  it("goes on in the middle of five minutes that another began", () => {
    const [former, next] = [createArrivalsBook(), createArrivalsBook()];
    fill(former, start, start + 200, 4);
    former.close();
    next.put("web", start + 202, 4);
    next.recall(former.unwritten(), former.unwritten());
    assert.equal(rateAt(next, start), null);
    fill(next, start + 202, start + 300, 4);
    next.pass(start + 302);
    assert.equal(next.unwritten()[0]?.known, 298);
  });

  it("does not forget what it knows when the clock is set back into it", () => {
    const book = createArrivalsBook();
    fill(book, start, start + 300, 9);
    fill(book, start + 3_600, start + 3_610, 9);
    fill(book, start + 100, start + 200, 1);
    book.pass(start + 400);
    assert.equal(rateAt(book, start), 9);
  });

  it("leaves out what is no rate", () => {
    const book = createArrivalsBook();
    for (const rate of [Number.NaN, Number.POSITIVE_INFINITY, -1]) book.put("web", start, rate);
    book.close();
    assert.deepEqual(book.unwritten(), []);
  });

  it("loses and doubles no second, however it is interrupted", () => {
    const interruption = fc.record({
      afterS: fc.integer({ min: 0, max: 700 }),
      awayS: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(interruption, { maxLength: 8 }), (interruptions) => {
        const written = new Map<number, ArrivalsRecord>();
        const seen = new Map<number, number>();
        let book = createArrivalsBook();
        let now = start + 17;
        for (const { afterS, awayS } of interruptions) {
          for (const end = now + afterS; now < end; now += 1) {
            book.put("web", now, now % 1_000);
            seen.set(now, now % 1_000);
            book.pass(now);
          }
          book.close();
          for (const record of book.unwritten()) written.set(record.startS, record);
          now += awayS;
          book = createArrivalsBook();
          const all = [...written.values()];
          book.recall(
            all,
            all.filter(({ startS }) => startS === now - (now % 300)),
          );
        }
        const kept = new Map<number, number>();
        for (const { startS, rates } of written.values()) {
          for (const [index, rate] of rates.entries())
            if (rate !== null) kept.set(startS + index, rate);
        }
        assert.deepEqual(kept, seen);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the form of rates", () => {
  it("comes back as it was, in about four bytes a second", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 0, max: 999 })), { minLength: 2, maxLength: 300 }),
        (rates) => {
          const text = encodeRates(rates);
          assert.deepEqual(decodeRates(text), rates);
          assert.ok(text.length <= rates.length * 4);
        },
      ),
    );
  });
});
