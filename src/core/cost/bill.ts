import type { Instant } from "../instant.ts";
import { billedMs } from "./billed.ts";
import { centsOf } from "./charge.ts";
import { hourPrice } from "./prices.ts";
import type { Billing, HourPrice, Prices } from "./prices.ts";
import type { Rental } from "./rental.ts";

/** What a role's machines of one kind cost in a time. */
export interface BillLine {
  readonly role: string;
  readonly type: string | null;
  /** Rentals that were paid for. */
  readonly machines: number;
  readonly billedMs: number;
  readonly price: HourPrice | null;
  /** Null where no price is known: it is not free. */
  readonly cents: number | null;
}

export interface Bill {
  /** By role and type. */
  readonly lines: readonly BillLine[];
  readonly totals: readonly Total[];
  /** Roles with machines that nobody gave a price for. */
  readonly unpriced: readonly string[];
}

/** One for each currency, by its name: a site has one, but its file may have changed. */
export interface Total {
  readonly currency: string;
  readonly cents: number;
}

/** As the clouds do it, where a site says nothing. */
export const usualBilling: Billing = { unit: "second", minimumMs: 60_000 };

/** What the rentals cost in [from, to), as far as it has come. Each line is rounded by itself, as bills are. */
export function billOf(
  rentals: readonly Rental[],
  prices: Prices | null,
  span: { readonly from: Instant; readonly to: Instant },
  now: Instant,
): Bill {
  const lines = new Map<string, BillLine>();
  for (const rental of rentals) {
    const ms = billedMs(rental, prices?.billing ?? usualBilling, span, now);
    if (ms === 0) continue;
    const { role, type } = rental;
    const key = `${role} ${type ?? ""}`;
    const line = lines.get(key);
    const price = line?.price ?? hourPrice(prices, role, type);
    const machines = (line?.machines ?? 0) + 1;
    lines.set(key, {
      role,
      type,
      machines,
      billedMs: (line?.billedMs ?? 0) + ms,
      price,
      cents: null,
    });
  }
  const sorted = [...lines]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, line]) => priced(line));
  return { lines: sorted, totals: totalsOf(sorted.flatMap(totalOf)), unpriced: unpricedOf(sorted) };
}

function priced(line: BillLine): BillLine {
  if (line.price === null) return line;
  const { nanosPerHour } = line.price;
  const charge = { quantity: line.billedMs, partsPerUnit: 3_600_000, nanosPerUnit: nanosPerHour };
  return { ...line, cents: centsOf(charge) };
}

function totalOf({ price, cents }: BillLine): readonly Total[] {
  return price === null || cents === null ? [] : [{ currency: price.currency, cents }];
}

/** Their sums by currency. */
export function totalsOf(parts: readonly Total[]): readonly Total[] {
  const sums = new Map<string, number>();
  for (const { currency, cents } of parts) sums.set(currency, (sums.get(currency) ?? 0) + cents);
  return [...sums]
    .map(([currency, cents]) => ({ currency, cents }))
    .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}

function unpricedOf(lines: readonly BillLine[]): readonly string[] {
  return [...new Set(lines.flatMap(({ role, price }) => (price === null ? [role] : [])))];
}
