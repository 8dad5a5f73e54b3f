import { assert } from "../assert.ts";

/** Something used, and what it costs: `quantity` counts parts, of which `partsPerUnit` cost `nanosPerUnit`. */
export interface Charge {
  readonly quantity: number;
  readonly partsPerUnit: number;
  /** Billionths of the currency's unit. */
  readonly nanosPerUnit: number;
}

const nanosPerCent = 10_000_000n;

/** What a bill asks for it: half a cent and more is a cent, and so is any use. */
export function centsOf({ quantity, partsPerUnit, nanosPerUnit }: Charge): number {
  assert(
    [quantity, partsPerUnit, nanosPerUnit].every((n) => Number.isSafeInteger(n) && n >= 0),
    "a charge is made of whole numbers",
  );
  const exact = BigInt(quantity) * BigInt(nanosPerUnit);
  if (exact === 0n) return 0;
  const cent = BigInt(partsPerUnit) * nanosPerCent;
  const cents = (2n * exact + cent) / (2n * cent);
  return cents === 0n ? 1 : Number(cents);
}
