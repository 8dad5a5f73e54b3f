import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { billOf, usualBilling } from "../core/cost/bill.ts";
import type { Bill } from "../core/cost/bill.ts";
import { forecastOf } from "../core/cost/forecast.ts";
import { formatMonth, monthAt, parseMonth } from "../core/cost/month.ts";
import type { Month } from "../core/cost/month.ts";
import { listPrices } from "../core/cost/price-table.ts";
import { nanosPerUnit } from "../core/cost/prices.ts";
import type { Prices } from "../core/cost/prices.ts";
import { rentalKey, rentalsOf } from "../core/cost/rental.ts";
import type { Rental } from "../core/cost/rental.ts";
import { machinesAllowed, spendingOf } from "../core/cost/spending.ts";
import type { Instant } from "../core/instant.ts";
import type { InventoryState } from "../core/inventory.ts";
import { ApiFault, errorAnswers, ok } from "./answers.ts";
import type { ApiParts } from "./parts.ts";

const money = z.object({
  currency: z.string().openapi({ example: "USD" }),
  cents: z.number().openapi({ description: "Hundredths of the currency's unit" }),
});

const costSchema = z
  .object({
    month: z.string().openapi({ example: "2026-11", description: "A calendar month in UTC" }),
    until: z.number().openapi({ description: "What the figures reach up to" }),
    isOver: z.boolean(),
    roles: z
      .array(
        z.object({
          role: z.string(),
          type: z.string().nullable().openapi({ description: "What its machines were ordered as" }),
          machines: z.number().openapi({ description: "That were paid for in the month" }),
          machineHours: z.number(),
          perHour: z.number().nullable(),
          currency: z.string().nullable(),
          cents: z.number().nullable().openapi({ description: "Null: no price is known" }),
        }),
      )
      .readonly(),
    totals: z.array(money).readonly(),
    forecast: z
      .object({
        roles: z.array(money.extend({ role: z.string() })).readonly(),
        totals: z.array(money).readonly(),
      })
      .nullable()
      .openapi({
        description: "The whole month, if it goes on like the last week; null: it is over",
      }),
    unpriced: z.array(z.string()).readonly().openapi({ description: "Roles without a price" }),
    limits: z
      .array(
        z.object({
          role: z.string(),
          currency: z.string(),
          perHour: z.number().nullable(),
          perMonth: z.number().nullable(),
          isCap: z.boolean(),
          spent: z.number().nullable().openapi({ description: "In this month" }),
          machinesAllowed: z.number().nullable(),
        }),
      )
      .readonly()
      .openapi({ description: "What the site file allows; empty for months that are over" }),
    listPrices: z
      .object({ source: z.string(), asOf: z.string() })
      .nullable()
      .openapi({ description: "Where the prices of machine types are from, if one was used" }),
  })
  .openapi("Cost");

export type Cost = z.infer<typeof costSchema>;

const costRoute = createRoute({
  method: "get",
  path: "/v1/cost",
  summary: "What the site's machines cost in a month, by role",
  request: {
    query: z.object({
      month: z.string().max(20).optional().openapi({
        example: "2026-10",
        description: "The present month, where it is not given",
      }),
    }),
  },
  responses: { 200: ok(costSchema, "So far, by role, and a forecast"), ...errorAnswers },
});

/** What it costs. */
export function costRoutes({ inventory, clock }: Pick<ApiParts, "inventory" | "clock">) {
  return new OpenAPIHono().openapi(costRoute, async (c) => {
    const now = clock.now();
    const month = wantedMonth(c.req.valid("query").month, now);
    const state = inventory.state();
    const ended = await inventory.rentals({ ...reachOf(state, month, now), limit: rentalsMax + 1 });
    if (ended.length > rentalsMax)
      throw new ApiFault("unavailable", `there were more than ${rentalsMax} machines`);
    return c.json(costOf(state, merged(state, ended), month, now), 200);
  });
}

/** More than a site makes in a month that somebody can pay. */
const rentalsMax = 200_000;
const weekMs = 7 * 86_400_000;
const hourMs = 3_600_000;

function wantedMonth(text: string | undefined, now: Instant): Month {
  const month = text === undefined ? monthAt(now) : parseMonth(text);
  if (month === null) throw new ApiFault("invalid", "month: expected a month such as 2026-10");
  if (month.from > now) throw new ApiFault("invalid", `${formatMonth(month)} has not begun`);
  return month;
}

/** A forecast looks a week back, and what a rental is billed for may end after it. */
function reachOf(state: InventoryState, month: Month, now: Instant): { from: number; to: number } {
  const { minimumMs } = state.settings.site?.prices?.billing ?? usualBilling;
  const from = now < month.to ? Math.min(month.from, now - weekMs) : month.from;
  return { from: from - Math.max(minimumMs, hourMs), to: month.to };
}

/** One that ended while it was read is in both, and counts once. */
function merged(state: InventoryState, ended: readonly Rental[]): readonly Rental[] {
  const all = [...rentalsOf(state), ...ended];
  return [...new Map(all.map((rental) => [rentalKey(rental), rental])).values()];
}

function costOf(
  state: InventoryState,
  rentals: readonly Rental[],
  month: Month,
  now: Instant,
): Cost {
  const prices = state.settings.site?.prices ?? null;
  const bill = billOf(rentals, prices, month, now);
  const isOver = now >= month.to;
  const isListed = bill.lines.some(({ role, type }) => type !== null || isType(prices, role));
  return {
    month: formatMonth(month),
    until: Math.min(now, month.to),
    isOver,
    roles: bill.lines.map(shown),
    totals: bill.totals,
    forecast: isOver ? null : forecastOf(bill, rentals, { prices, month, now }),
    unpriced: bill.unpriced,
    limits: isOver ? [] : limitsOf(state, now),
    listPrices: isListed ? { source: listPrices.source, asOf: listPrices.asOf } : null,
  };
}

function isType(prices: Prices | null, role: string): boolean {
  return prices?.machines[role]?.kind === "type";
}

function shown({ role, type, machines, billedMs, price, cents }: Bill["lines"][number]) {
  return {
    role,
    type,
    machines,
    machineHours: billedMs / hourMs,
    perHour: price === null ? null : price.nanosPerHour / nanosPerUnit,
    currency: price?.currency ?? null,
    cents,
  };
}

function limitsOf(state: InventoryState, now: Instant): Cost["limits"] {
  return (state.settings.site?.roles ?? []).flatMap(({ name, machines, scaling }) => {
    const cap = scaling.rules?.spend ?? null;
    if (cap === null) return [];
    const { currency, perHour, perMonth, isCap } = cap;
    const spending = spendingOf(state, name, now);
    const allowed = machinesAllowed(cap, spending, machines.min);
    const spent = spending?.thisMonth ?? null;
    return [{ role: name, currency, perHour, perMonth, isCap, spent, machinesAllowed: allowed }];
  });
}
