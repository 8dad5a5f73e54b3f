import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { billedMs } from "./billed.ts";
import { billOf } from "./bill.ts";
import { centsOf } from "./charge.ts";
import type { Charge } from "./charge.ts";
import { forecastOf } from "./forecast.ts";
import { monthAt, parseMonth } from "./month.ts";
import type { Month } from "./month.ts";
import { hourPrice } from "./prices.ts";
import type { Billing, Prices } from "./prices.ts";
import type { Rental } from "./rental.ts";

const hour = 3_600_000;
const day = 24 * hour;

function month(text: string): Month {
  const parsed = parseMonth(text);
  assert.ok(parsed);
  return parsed;
}

function aRental(from: number, to: number | null, wish: Partial<Rental> = {}): Rental {
  return {
    machine: `web-${from}`,
    role: "web",
    provider: "local",
    type: null,
    from,
    to,
    leftAt: null,
    ...wish,
  };
}

function pricesOf(nanosPerHour: number, billing: Billing): Prices {
  return { machines: { web: { kind: "amount", nanosPerHour, currency: "USD" } }, billing };
}

const perSecond: Billing = { unit: "second", minimumMs: 60_000 };
const perHour: Billing = { unit: "hour", minimumMs: 0 };

describe("a known bill: one machine at AWS in September 2008", () => {
  const september = month("2008-09");
  const others: readonly (readonly [string, Charge, number])[] = [
    ["GB of transfer in", { quantity: 607, partsPerUnit: 1_000, nanosPerUnit: 100_000_000 }, 6],
    ["GB of transfer out", { quantity: 2_719, partsPerUnit: 1_000, nanosPerUnit: 170_000_000 }, 46],
    ["GB within the region", { quantity: 2, partsPerUnit: 1_000, nanosPerUnit: 10_000_000 }, 1],
    [
      "GB-months of a volume",
      { quantity: 9_958, partsPerUnit: 1_000, nanosPerUnit: 100_000_000 },
      100,
    ],
    [
      "million reads and writes",
      { quantity: 266_331, partsPerUnit: 1_000_000, nanosPerUnit: 100_000_000 },
      3,
    ],
    [
      "GB-months of snapshots",
      { quantity: 104, partsPerUnit: 1_000, nanosPerUnit: 150_000_000 },
      2,
    ],
    [
      "thousand snapshot requests",
      { quantity: 159, partsPerUnit: 1_000, nanosPerUnit: 10_000_000 },
      1,
    ],
  ];

  it("comes out to the cent, line by line", () => {
    // The month has 720 hours: one that was begun twice, by a restart, makes 721.
    const restart = september.from + 300 * hour + 1_200_000;
    const rentals = [
      aRental(september.from, restart, { machine: "web-1" }),
      aRental(restart, september.to, { machine: "web-2" }),
    ];
    const bill = billOf(rentals, pricesOf(100_000_000, perHour), september, september.to);
    assert.equal(bill.lines[0]?.billedMs, 721 * hour);
    assert.equal(bill.lines[0]?.cents, 7_210);
    for (const [what, charge, cents] of others) assert.equal(centsOf(charge), cents, what);
    const machines = bill.totals[0]?.cents ?? 0;
    const all = others.reduce((sum, [, , cents]) => sum + cents, machines);
    assert.equal(all, 7_369);
    // Storage of another service, as it was billed: 0.05.
    assert.equal(all + 5, 7_374);
  });
});

describe("a bill", () => {
  it("counts begun hours where hours are billed, and seconds with a minimum where seconds are", () => {
    const october = month("2026-10");
    const from = october.from + 5 * hour;
    const at = (billing: Billing, ms: number): number =>
      billedMs(aRental(from, from + ms), billing, october, october.to);
    assert.equal(at(perHour, 1), hour);
    assert.equal(at(perHour, hour), hour);
    assert.equal(at(perHour, hour + 1), 2 * hour);
    assert.equal(at(perSecond, 1), 60_000);
    assert.equal(at(perSecond, 61_001), 62_000);
    assert.equal(at(perSecond, 0), 60_000);
  });

  it("loses nothing between two months, and counts nothing twice", () => {
    const months = ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"].map(month);
    const moment = fc.integer({ min: month("2026-09").from, max: month("2026-11").from });
    const billing = fc.record({
      unit: fc.constantFrom("second" as const, "hour" as const),
      minimumMs: fc.constantFrom(0, 60_000, hour, 36 * hour),
    });
    fc.assert(
      fc.property(moment, moment, billing, (one, other, terms) => {
        const rental = aRental(Math.min(one, other), Math.max(one, other));
        const whole = { from: months[0]?.from ?? 0, to: months.at(-1)?.to ?? 0 };
        const sum = months.reduce((ms, span) => ms + billedMs(rental, terms, span, whole.to), 0);
        assert.equal(sum, billedMs(rental, terms, whole, whole.to));
        const used = (rental.to ?? 0) - rental.from;
        const unit = terms.unit === "hour" ? hour : 1_000;
        assert.ok(sum >= used && sum < Math.max(used, terms.minimumMs) + unit);
      }),
    );
  });

  it("grows with time while a machine runs, and ends where it ended", () => {
    fc.assert(
      fc.property(fc.nat(10 * day), fc.nat(10 * day), (first, later) => {
        const november = month("2026-11");
        const from = november.from + day;
        const running = (ms: number): number =>
          billedMs(aRental(from, null), perSecond, november, from + ms);
        assert.ok(running(first) <= running(first + later));
        const ended = billedMs(aRental(from, from + first), perSecond, november, november.to);
        assert.equal(ended, running(first));
      }),
    );
  });

  it("tells what has no price instead of calling it free", () => {
    const october = month("2026-10");
    const rentals = [
      aRental(october.from, october.from + hour),
      aRental(october.from, october.from + hour, { role: "worker" }),
    ];
    const bill = billOf(rentals, pricesOf(10_400_000, perSecond), october, october.to);
    assert.deepEqual(bill.unpriced, ["worker"]);
    assert.deepEqual(
      bill.lines.map(({ role, cents }) => [role, cents]),
      [
        ["web", 1],
        ["worker", null],
      ],
    );
    assert.deepEqual(billOf(rentals, null, october, october.to).totals, []);
  });

  it("takes a machine for what it was ordered as, whatever the role is today", () => {
    const prices = pricesOf(999_000_000, perSecond);
    assert.equal(hourPrice(prices, "web", "t3.micro")?.nanosPerHour, 10_400_000);
    assert.equal(hourPrice(prices, "web", null)?.nanosPerHour, 999_000_000);
    assert.equal(hourPrice(prices, "web", "t9.imaginary"), null);
    assert.equal(hourPrice(prices, "toString", null), null);
    const october = month("2026-10");
    const rentals = [null, "t3.micro"].map((type, at) =>
      aRental(october.from + at, october.from + 100 * hour, { type }),
    );
    const bill = billOf(rentals, prices, october, october.to);
    assert.deepEqual(
      bill.lines.map(({ cents }) => cents),
      [9_990, 104],
    );
  });
});

describe("a forecast", () => {
  const november = month("2026-11");
  const prices = pricesOf(100_000_000, perSecond);

  function forecast(rentals: readonly Rental[], now: number): number {
    const bill = billOf(rentals, prices, november, now);
    return forecastOf(bill, rentals, { prices, month: november, now }).totals[0]?.cents ?? 0;
  }

  it("goes on as the last week went", () => {
    const now = november.from + 10 * day;
    const steady = [aRental(november.from - 30 * day, null)];
    assert.equal(forecast(steady, now), 7_200);
    // Seven machines for a day of the last week are one for the week.
    const gusts = [
      ...steady,
      ...Array.from({ length: 7 }, (_, n) => aRental(now - 2 * day - n, now - day - n)),
    ];
    assert.equal(forecast(gusts, now), 7_200 + 7 * 240 + 4_800);
  });

  it("takes what runs now where a role is young", () => {
    const now = november.from + 20 * day;
    const rentals = [aRental(now - 600_000, null), aRental(now - 600_001, now - 500_000)];
    const rest = 10 * 240;
    assert.ok(Math.abs(forecast(rentals, now) - rest) <= 2);
  });

  it("is the bill when the month is over", () => {
    const rentals = [aRental(november.from, null)];
    assert.equal(forecast(rentals, november.to), 7_200);
  });
});

describe("months", () => {
  it("are those of the calendar in UTC", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000_000 }), (now) => {
        const found = monthAt(now);
        const date = new Date(now);
        assert.equal(found.year, date.getUTCFullYear());
        assert.equal(found.month, date.getUTCMonth() + 1);
        assert.equal(found.from, Date.UTC(found.year, found.month - 1));
        assert.equal(found.to, Date.UTC(found.year, found.month));
      }),
    );
    assert.equal(month("2024-02").to - month("2024-02").from, 29 * day);
    for (const wrong of ["2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", ""]) {
      assert.equal(parseMonth(wrong), null, wrong);
    }
  });
});
