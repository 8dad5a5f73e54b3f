/** The real controller, agents' door and inventory, with a provider that has the machines on record. */
import { createSystemClock } from "../../src/adapters/clock/clock.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { createReleaseStore } from "../../src/adapters/release/release-store.ts";
import { createSeal } from "../../src/adapters/seal/seal.ts";
import { createController } from "../../src/controller/controller.ts";
import type { Agents } from "../../src/ports/agents.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { Inventory } from "../../src/ports/inventory.ts";
import type { Provider } from "../../src/ports/provider.ts";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import { openAccess } from "../../src/wire/access.ts";
import { openAgentsEntry } from "../../src/wire/agents.ts";
import { monotonicMs, SITE_ID } from "./world.ts";
import type { FromController } from "./world.ts";

const LOOK_MS = 25;

// What people use takes memory, too.
await import("../../src/api/app.ts");
const places = stateDirectory(process.argv[2] ?? "");
const clock = createSystemClock();
const opened = await openSqliteInventory(places.database, "key");
const inventory: Inventory = {
  ...opened,
  async commit(changes, events) {
    await opened.commit(changes, events);
    const atMs = monotonicMs();
    for (const change of changes) {
      if (change.kind !== "server" || change.server.state !== "ready") continue;
      tell({ kind: "joined", server: change.server.id, atMs });
    }
  },
};
const seal = await createSeal(places.sealKey);
const access = await openAccess({
  siteId: SITE_ID,
  inventory,
  records: opened.access,
  seal,
  clock,
  localToken: "none",
});
const releases = createReleaseStore(places.releases);
const { agents, controllerUrl } = await openAgentsEntry({
  access,
  clock,
  releases,
  places,
  port: null,
});
const controller = createController({
  inventory,
  provider: providerOf(inventory),
  agents,
  releases,
  clock,
  openSecret: (sealed) => seal.open(sealed),
  orderFor: () => Promise.reject(new Failure("rejected", "Cannot launch: nothing should")),
});
tell({ kind: "listens", url: controllerUrl });
tellWhenHome(agents);
// A profile is written by who ends in peace.
process.once("SIGTERM", () => process.exit(0));
// Whoever started us has died.
process.on("disconnect", () => process.exit(1));
await controller.run(new AbortController().signal);

function tell(message: FromController): void {
  process.send?.(message);
}

function tellWhenHome(all: Agents): void {
  const timer = setInterval(() => {
    const seen = [...all.observe().values()];
    const isHome = seen.every(({ isConnected, report }) => isConnected && report !== null);
    if (!isHome || seen.length < inventory.state().machines.size) return;
    clearInterval(timer);
    tell({ kind: "all-home", atMs: monotonicMs() });
  }, LOOK_MS);
}

function providerOf(record: Inventory): Provider {
  return {
    launch: () => Promise.reject(new Failure("rejected", "Cannot launch: nothing should")),
    limit: () => Promise.resolve(),
    terminate: () => Promise.reject(new Failure("rejected", "Cannot terminate: nothing should")),
    list: async () =>
      [...record.state().machines.values()].map(({ name, address }) => ({
        name,
        address: address ?? "",
        condition: "running",
      })),
  };
}
