import { createLocalFaults } from "../adapters/local/faults.ts";
import { createNetnsFaults } from "../adapters/netns/faults.ts";
import { createProcessTable } from "../adapters/process/process-table.ts";
import { createDrills } from "../controller/drills.ts";
import type { DrillParts, Drills } from "../controller/drills.ts";
import type { ProviderName } from "../core/desired.ts";
import { Failure } from "../ports/failure.ts";
import type { DrillFaults, MachineFaults } from "../ports/machine-faults.ts";

/** The drills of a site, with the faults its provider can make. */
export function openDrills(
  site: { readonly siteId: string; readonly wanted: () => ProviderName },
  parts: Omit<DrillParts, "faults">,
): Drills {
  return createDrills({ ...parts, faults: openFaults(site.siteId, site.wanted) });
}

/** The faults that the provider of the site, as it is on record, can make. */
function openFaults(siteId: string, wanted: () => ProviderName): DrillFaults {
  const processes = createProcessTable();
  const local = createLocalFaults({ siteId, processes });
  let made: MachineFaults | null = null;
  const netns = (): MachineFaults => (made ??= createNetnsFaults({ siteId, processes }));
  const objectionToCut = (): string | null =>
    wanted() === "netns"
      ? null
      : `provider ${wanted()} cannot cut a machine off the network; provider netns can`;
  const cable = (): MachineFaults => {
    const objection = objectionToCut();
    if (objection !== null) throw new Failure("rejected", `Cannot cut a machine off: ${objection}`);
    return netns();
  };
  return {
    kill: (machine) => (wanted() === "netns" ? netns() : local).kill(machine),
    cutOff: async (machine, signal) => cable().cutOff(machine, signal),
    reconnect: async (machine, signal) => cable().reconnect(machine, signal),
    killBalancer: (machine) => local.killBalancer(machine),
    killController: () => void process.kill(process.pid, "SIGKILL"),
    objectionToCut,
  };
}
