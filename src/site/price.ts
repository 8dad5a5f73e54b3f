import { listPrices } from "../core/cost/price-table.ts";
import { nanosPerUnit } from "../core/cost/prices.ts";
import type { MachinePrice } from "../core/cost/prices.ts";
import { right, wrong, type Form } from "./form.ts";
import { nearestName } from "../core/nearest-name.ts";

const amountPattern = /^(\d{1,6})(?:\.(\d{1,9}))? ([A-Z]{3}) per hour$/;
const typePattern = /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/;

/** `0.0104 USD per hour`, or a machine type whose list price is known. */
export const priceForm: Form<MachinePrice> = {
  expected: "a price such as 0.0104 USD per hour, or a machine type such as t3.micro",
  json: {
    anyOf: [
      { type: "string", pattern: "^\\d+(\\.\\d+)? [A-Z]{3} per hour$" },
      { type: "string", enum: [...listPrices.nanosPerHour.keys()] },
    ],
  },
  parse(value) {
    if (typeof value !== "string") return wrong();
    const match = amountPattern.exec(value);
    if (match !== null) {
      const [, whole = "", digits = "", currency = ""] = match;
      const nanosPerHour = Number(whole) * nanosPerUnit + Number(digits.padEnd(9, "0"));
      return right({ kind: "amount", nanosPerHour, currency });
    }
    if (listPrices.nanosPerHour.has(value)) return right({ kind: "type", type: value });
    return typePattern.test(value) ? wrong(null, unknownType(value)) : wrong();
  },
};

function unknownType(type: string): string {
  const known = [...listPrices.nanosPerHour.keys()];
  const nearest = nearestName(type, known);
  const meant =
    nearest === null ? `known types are ${known.join(", ")}` : `did you mean ${nearest}?`;
  return `${meant} For others give the price itself`;
}
