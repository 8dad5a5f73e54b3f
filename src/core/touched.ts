import type { Change, InventoryState } from "./inventory.ts";
import { BALANCER_ROLE } from "./roster.ts";

/** Machines whose document may differ after the changes; `all` when the site itself changed. */
export function touchedMachines(
  before: InventoryState,
  changes: readonly Change[],
): ReadonlySet<string> | "all" {
  const touched = new Set<string>();
  for (const machine of before.machines.values()) {
    if (machine.role === BALANCER_ROLE) touched.add(machine.name);
  }
  for (const change of changes) {
    switch (change.kind) {
      case "settings":
        if (change.settings.site !== before.settings.site) return "all";
        break;
      case "machine":
        touched.add(change.machine.name);
        break;
      case "server":
        touched.add(change.server.machine);
        break;
      case "server-gone":
        touched.add(before.servers.get(change.id)?.machine ?? "");
        break;
      case "deploy":
        // Hooks run on machines of the roles it changes; few deploys have any.
        for (const { before: first, after: last } of change.deploy.changes) {
          touched.add(first.machine ?? "");
          touched.add(last.machine ?? "");
        }
        break;
      case "one-off":
        touched.add(change.oneOff.machine);
        break;
      default:
        break;
    }
  }
  return touched;
}
