import type { Inventory } from "../ports/inventory.ts";
import type { ReleaseStore } from "../ports/releases.ts";

/**
 * Removes archives that no record names: of an upload that was never recorded, or a removal that was never carried
 * out, because the controller died in between. For its start, before anybody can upload.
 */
export async function removeStrayReleases(
  releases: ReleaseStore,
  inventory: Inventory,
): Promise<void> {
  const known = inventory.state().releases;
  for (const id of await releases.list()) if (!known.has(id)) await releases.remove(id);
}
