import type { Policy } from "../policy.ts";

const tickS = 3_600;

/** Always the same number of machines. */
export function createStatic(machines: number): Policy {
  return { name: `static ${machines}`, tickS, decide: () => machines };
}
