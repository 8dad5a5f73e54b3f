import { hourPrice } from "../core/cost/prices.ts";
import type { Site } from "../core/desired.ts";
import { lintRules } from "../core/scaling/rules/lint.ts";
import type { Finding } from "./draft.ts";

/** Scaling rules that are allowed, and will flap, never fire, or cannot do what they want. */
export function doubtsAbout({ roles, prices = null }: Site): readonly Finding[] {
  return roles.flatMap(({ name, machines, scaling }) => {
    const rules = scaling.rules ?? null;
    if (rules === null) return [];
    const isPriced = hourPrice(prices, name, null) !== null;
    const blind = rules.spend === null || isPriced ? [] : [unpricedSpend(name)];
    const doubts = lintRules(rules, { bounds: machines, bootS: null }).map((found): Finding => {
      const { path, column, message, hint } = found;
      const place = { path: [name, "scale", ...path], isAboutKey: false };
      return { ...place, code: "doubtful", message, hint, ...(column === null ? {} : { column }) };
    });
    return [...blind, ...doubts];
  });
}

function unpricedSpend(role: string): Finding {
  const message = `it limits nothing: what ${role}'s machines cost is not known`;
  const hint = `add prices: { machines: { ${role}: 0.0104 USD per hour } }`;
  const place = { path: [role, "scale", "spend"], isAboutKey: false };
  return { ...place, code: "doubtful", message, hint };
}
