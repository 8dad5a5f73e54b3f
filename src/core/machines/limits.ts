import type { MachineLimits, Site } from "../desired.ts";
import { BALANCER_ROLE } from "../roster.ts";

export const noLimits: MachineLimits = { cpuMax: null, memoryBytesMax: null };

/** What a machine of the role may use: none is known for a role that has left the site, or before one is on record. */
export function limitsOf(site: Site | null, role: string): MachineLimits {
  const settings =
    role === BALANCER_ROLE ? site?.balancer : site?.roles.find(({ name }) => name === role);
  // A site that was put on record by a version without limits has none.
  return settings?.limits ?? noLimits;
}
