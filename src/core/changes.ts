import type { Change, InventoryState, Settings } from "./inventory.ts";
import { unreachable } from "./assert.ts";
import { rentalKey, rentalOfGone, rentalsKept } from "./cost/rental.ts";

/** What an inventory holds before the first `up`. `stickyKey` is a secret made by the caller. */
export function emptyInventory(stickyKey: string): InventoryState {
  const settings: Settings = {
    site: null,
    phase: "up",
    isMaintenanceOn: false,
    balancerPort: null,
    stickyKey,
    nextServerId: 1,
    nextDeployId: 1,
    generation: 0,
  };
  return {
    settings,
    roles: new Map(),
    machines: new Map(),
    servers: new Map(),
    releases: new Map(),
    revisions: new Map(),
    deploys: new Map(),
    drills: new Map(),
    oneOffs: new Map(),
    rentals: new Map(),
  };
}

type Draft = {
  -readonly [Table in keyof InventoryState]: InventoryState[Table];
};

/** The state after the changes. The given state stays as it was; untouched tables are shared. */
export function applyChanges(state: InventoryState, changes: readonly Change[]): InventoryState {
  if (changes.length === 0) return state;
  const draft: Draft = { ...state };
  const copies = new Set<unknown>();
  for (const change of changes) applyChange(draft, change, copies);
  return draft;
}

function applyChange(draft: Draft, change: Change, copies: Set<unknown>): void {
  switch (change.kind) {
    case "settings":
      draft.settings = change.settings;
      return;
    case "role":
      writable(draft, "roles", copies).set(change.role.role, change.role);
      return;
    case "role-gone":
      writable(draft, "roles", copies).delete(change.role);
      return;
    case "machine":
      writable(draft, "machines", copies).set(change.machine.name, change.machine);
      return;
    case "machine-gone":
      leaveRental(draft, change, copies);
      writable(draft, "machines", copies).delete(change.name);
      return;
    case "rental":
      writable(draft, "rentals", copies).set(rentalKey(change.rental), change.rental);
      return;
    case "server":
      writable(draft, "servers", copies).set(change.server.id, change.server);
      return;
    case "server-gone":
      writable(draft, "servers", copies).delete(change.id);
      return;
    case "release":
      writable(draft, "releases", copies).set(change.release.id, change.release);
      return;
    case "release-gone":
      writable(draft, "releases", copies).delete(change.id);
      return;
    case "revision":
      writable(draft, "revisions", copies).set(change.revision.id, change.revision);
      return;
    case "revision-gone":
      writable(draft, "revisions", copies).delete(change.id);
      return;
    case "deploy":
      writable(draft, "deploys", copies).set(change.deploy.id, change.deploy);
      return;
    case "drill":
      writable(draft, "drills", copies).set(change.drill.id, change.drill);
      return;
    case "drill-gone":
      writable(draft, "drills", copies).delete(change.id);
      return;
    case "one-off":
      writable(draft, "oneOffs", copies).set(change.oneOff.id, change.oneOff);
      return;
    case "one-off-gone":
      writable(draft, "oneOffs", copies).delete(change.id);
      return;
    default:
      unreachable(change);
  }
}

/** Here, because nothing else takes a machine off the record: none can go without what it cost. */
function leaveRental(
  draft: Draft,
  { name, at, isSeenGone }: Extract<Change, { kind: "machine-gone" }>,
  copies: Set<unknown>,
): void {
  const machine = draft.machines.get(name);
  if (machine === undefined) return;
  const rentals = writable(draft, "rentals", copies);
  const rental = rentalOfGone(machine, at, isSeenGone);
  rentals.set(rentalKey(rental), rental);
  if (rentals.size <= rentalsKept) return;
  for (const [key, { to }] of rentals) if (to !== null) return void rentals.delete(key);
}

type Table = Exclude<keyof InventoryState, "settings">;
type Writable<Rows> = Rows extends ReadonlyMap<infer Key, infer Row> ? Map<Key, Row> : never;

/** Each table is copied once per batch, however many of its rows change. */
function writable<Name extends Table>(
  draft: Draft,
  table: Name,
  copies: Set<unknown>,
): Writable<InventoryState[Name]> {
  if (!copies.has(table)) {
    copies.add(table);
    Object.assign(draft, { [table]: new Map<unknown, unknown>(draft[table]) });
  }
  return draft[table] as unknown as Writable<InventoryState[Name]>;
}
