import type { Instant } from "../instant.ts";
import type { InventoryState } from "../inventory.ts";
import type { Spending } from "../scaling/policy.ts";
import type { Spend } from "../scaling/rules/rules.ts";
import { billedMs } from "./billed.ts";
import { usualBilling } from "./bill.ts";
import { monthAt } from "./month.ts";
import { hourPrice, nanosPerUnit, typeOf } from "./prices.ts";
import { rentalsOf } from "./rental.ts";

const hourMs = 3_600_000;
const roundingSlack = 1e-9;

/** What a role's next machine costs an hour, and what the role has cost in this calendar month; null without a price. */
export function spendingOf(state: InventoryState, role: string, now: Instant): Spending | null {
  const prices = state.settings.site?.prices ?? null;
  const next = hourPrice(prices, role, typeOf(prices, role));
  if (next === null) return null;
  const month = monthAt(now);
  let thisMonth = 0;
  for (const rental of rentalsOf(state)) {
    if (rental.role !== role) continue;
    const price = hourPrice(prices, role, rental.type);
    if (price?.currency !== next.currency) continue;
    const ms = billedMs(rental, prices?.billing ?? usualBilling, month, now);
    thisMonth += (ms / hourMs) * (price.nanosPerHour / nanosPerUnit);
  }
  return { machineHour: next.nanosPerHour / nanosPerUnit, thisMonth };
}

/**
 * How many machines of a role may run by its cap: as many as the hour's amount pays, and as the rest of the month's would pay
 * for an hour. Never fewer than `min`; null: as many as it likes. A machine that died leaves its place free.
 */
export function machinesAllowed(
  cap: Spend | null,
  spending: Spending | null,
  min: number,
): number | null {
  if (cap === null || spending === null || !cap.isCap || spending.machineHour <= 0) return null;
  const { perHour, perMonth } = cap;
  const amounts = [perHour, perMonth === null ? null : perMonth - spending.thisMonth];
  const affordable = amounts.flatMap((amount) =>
    amount === null ? [] : [Math.floor(Math.max(0, amount) / spending.machineHour + roundingSlack)],
  );
  return affordable.length === 0 ? null : Math.max(min, Math.min(...affordable));
}
