import { listPrices } from "../core/cost/price-table.ts";
import type { Draft, Finding } from "./draft.ts";
import { nearestName } from "../core/nearest-name.ts";

/** A price for what is not there is a slip, and what it was meant for has none. */
export function pricesAreOfRoles({ top, roles }: Draft): readonly Finding[] {
  const names = ["balancer", ...roles.keys()];
  return Object.keys(top.prices?.machines ?? {}).flatMap((name): readonly Finding[] => {
    if (names.includes(name)) return [];
    const nearest = nearestName(name, names);
    const hint = nearest === null ? `known are ${names.join(", ")}` : `did you mean ${nearest}?`;
    const path = ["prices", "machines", name];
    const message = `no role is named ${name}`;
    return [{ path, code: "unknown_name", message, hint, isAboutKey: true }];
  });
}

/** Sums are made of them, and held against limits. */
export function amountsShareACurrency({ top, roles }: Draft): readonly Finding[] {
  const prices = Object.entries(top.prices?.machines ?? {}).map(([name, price]) => ({
    path: ["prices", "machines", name],
    currency: price.kind === "amount" ? price.currency : listPrices.currency,
  }));
  const [first] = prices;
  if (first === undefined) return [];
  const limits = [...roles].flatMap(([name, { scale }]) =>
    (["per hour", "per month"] as const).flatMap((key) => {
      const money = scale?.spend[key] ?? null;
      return money === null
        ? []
        : [{ path: [name, "scale", "spend", key], currency: money.currency }];
    }),
  );
  return [...prices, ...limits].flatMap(({ path, currency }): readonly Finding[] => {
    if (currency === first.currency) return [];
    const message = `this is in ${currency}, but ${first.path.join(".")} is in ${first.currency}`;
    const hint = "give all amounts in one currency";
    return [{ path, code: "conflict", message, hint, isAboutKey: false }];
  });
}
