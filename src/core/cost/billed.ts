import type { Instant } from "../instant.ts";
import type { Billing } from "./prices.ts";
import type { Rental } from "./rental.ts";

const unitMs = { second: 1_000, hour: 3_600_000 } as const;

/**
 * Milliseconds of a rental that are paid for in [from, to), as known at `now`. It is counted in begun units, each in the time
 * in which it begins: what is left out of one month is in the next, and nothing is in both.
 */
export function billedMs(
  rental: Rental,
  billing: Billing,
  span: { readonly from: Instant; readonly to: Instant },
  now: Instant,
): number {
  const unit = unitMs[billing.unit];
  const until = rental.to ?? Math.max(rental.from, now);
  const units = Math.ceil(Math.max(until - rental.from, billing.minimumMs) / unit);
  const begunBy = (moment: Instant): number =>
    Math.min(units, Math.max(0, Math.ceil((moment - rental.from) / unit)));
  return Math.max(0, begunBy(span.to) - begunBy(span.from)) * unit;
}
