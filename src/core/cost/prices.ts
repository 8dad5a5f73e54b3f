import { listPrices } from "./price-table.ts";

/** What machines cost, as the site file says. */
export interface Prices {
  /** By role, `balancer` among them. */
  readonly machines: Readonly<Record<string, MachinePrice>>;
  readonly billing: Billing;
}

export type MachinePrice =
  | ({ readonly kind: "amount" } & HourPrice)
  /** A name of the table that comes with the program. */
  | { readonly kind: "type"; readonly type: string };

export interface HourPrice {
  /** Billionths of the currency's unit: prices have more digits than coins. */
  readonly nanosPerHour: number;
  readonly currency: string;
}

/** Each rental is counted in begun units, and at least so long. */
export interface Billing {
  readonly unit: "second" | "hour";
  readonly minimumMs: number;
}

export const nanosPerUnit = 1_000_000_000;

/** The machine type that a role's machines are ordered as; null: none is said. */
export function typeOf(prices: Prices | null | undefined, role: string): string | null {
  const price = priceFor(prices, role);
  return price?.kind === "type" ? price.type : null;
}

/**
 * What an hour of a machine costs; null: nobody said. A machine that was ordered as a type stays it, whatever the role's
 * machines are ordered as today.
 */
export function hourPrice(
  prices: Prices | null | undefined,
  role: string,
  type: string | null,
): HourPrice | null {
  if (type !== null) return listPrice(type);
  const price = priceFor(prices, role);
  if (price === null) return null;
  return price.kind === "amount" ? price : listPrice(price.type);
}

function priceFor(prices: Prices | null | undefined, role: string): MachinePrice | null {
  const machines = prices?.machines ?? {};
  return Object.hasOwn(machines, role) ? (machines[role] ?? null) : null;
}

function listPrice(type: string): HourPrice | null {
  const nanosPerHour = listPrices.nanosPerHour.get(type);
  return nanosPerHour === undefined ? null : { nanosPerHour, currency: listPrices.currency };
}
