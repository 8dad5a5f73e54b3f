import type { Instant } from "../instant.ts";
import { totalsOf } from "./bill.ts";
import type { Bill, Total } from "./bill.ts";
import type { Month } from "./month.ts";
import { hourPrice, nanosPerUnit } from "./prices.ts";
import type { HourPrice, Prices } from "./prices.ts";
import type { Rental } from "./rental.ts";

/** What the month will have cost when it ends, if it goes on as it went. */
export interface Forecast {
  readonly roles: readonly RoleForecast[];
  readonly totals: readonly Total[];
}

export interface RoleForecast {
  readonly role: string;
  readonly currency: string;
  readonly cents: number;
}

interface ForecastTerms {
  readonly prices: Prices | null;
  readonly month: Month;
  readonly now: Instant;
}

const hourMs = 3_600_000;
/** A week has every day in it. */
const latelyMs = 7 * 86_400_000;
/** A role that is younger is judged by what runs now. */
const latelyMsMin = hourMs;

/** The bill so far, and for the rest of the month what each role's last week cost in the same time. */
export function forecastOf(
  bill: Bill,
  rentals: readonly Rental[],
  { prices, month, now }: ForecastTerms,
): Forecast {
  const restMs = Math.max(0, month.to - Math.max(now, month.from));
  const sums = new Map<string, RoleForecast>();
  const add = (role: string, currency: string, more: number): void => {
    const key = `${role} ${currency}`;
    sums.set(key, { role, currency, cents: (sums.get(key)?.cents ?? 0) + more });
  };
  for (const { role, price, cents } of bill.lines) {
    if (price !== null && cents !== null) add(role, price.currency, cents);
  }
  const knownMs = knownByRole(rentals, now);
  for (const rental of rentals) {
    const price = hourPrice(prices, rental.role, rental.type);
    if (price === null) continue;
    const presence = presenceOf(rental, now, knownMs.get(rental.role) ?? 0);
    if (presence > 0) add(rental.role, price.currency, presence * centsIn(price, restMs));
  }
  const roles = [...sums.values()]
    .map((sum) => ({ ...sum, cents: Math.round(sum.cents) }))
    .toSorted((a, b) => (`${a.role} ${a.currency}` < `${b.role} ${b.currency}` ? -1 : 1));
  return { roles, totals: totalsOf(roles) };
}

/** How long ago each role's first machine came, at most a week. */
function knownByRole(rentals: readonly Rental[], now: Instant): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const { role, from } of rentals) {
    known.set(role, Math.max(known.get(role) ?? 0, Math.min(latelyMs, now - from)));
  }
  return known;
}

/** Of the time that is known, the share in which the machine was there. */
function presenceOf({ from, to }: Rental, now: Instant, knownMs: number): number {
  if (knownMs < latelyMsMin) return to === null ? 1 : 0;
  return Math.max(0, Math.min(now, to ?? now) - Math.max(from, now - knownMs)) / knownMs;
}

function centsIn({ nanosPerHour }: HourPrice, ms: number): number {
  return ((nanosPerHour / nanosPerUnit) * 100 * ms) / hourMs;
}
