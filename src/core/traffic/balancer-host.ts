import type { Site } from "../desired.ts";
import type { InventoryState, MachineRecord } from "../inventory.ts";
import { BALANCER_ROLE } from "../roster.ts";

/** Where a balancer listens. A machine with a network of its own has no address but its own; null: not known yet. */
export function balancerHost(site: Site, machine: MachineRecord): string | null {
  return site.provider === "netns" ? machine.address : site.balancer.bind.host;
}

/** Where visitors reach the site: the oldest balancer that is to stay; null while there is none. */
export function siteHost({ settings, machines }: InventoryState): string | null {
  const { site } = settings;
  if (site === null) return null;
  if (site.provider !== "netns") return site.balancer.bind.host;
  const balancers = [...machines.values()]
    .filter(({ role, state }) => role === BALANCER_ROLE && state === "running")
    .sort((a, b) => a.number - b.number);
  return balancers[0]?.address ?? null;
}
