/** What the agents bench's three processes have in common: a site on record, and a certificate for each machine. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "../../src/adapters/authority/authority.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { createSeal } from "../../src/adapters/seal/seal.ts";
import type { Change } from "../../src/core/inventory.ts";
import type { AccessRecords } from "../../src/ports/access-records.ts";
import type { Authority } from "../../src/ports/authority.ts";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import { certify } from "../../test/harness/authority.ts";
import { steadyChanges } from "../steady-site.ts";

export const SITE_ID = "bench";

/** One agent as the crowd plays it. */
export interface Player {
  readonly machine: string;
  /** The server on it; null: the balancer. */
  readonly server: number | null;
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
}

/** What the crowd reads at its start. */
export interface CrowdOrder {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  /** Servers whose processes are not healthy before they are told to be. */
  readonly starting: readonly number[];
  readonly players: readonly Player[];
}

export type ToCrowd = { readonly kind: "heal"; readonly server: number };
/** Times are by the system's monotonic clock, which all processes share. */
export type FromCrowd = { readonly kind: "sent"; readonly server: number; readonly atMs: number };
export type FromController =
  | { readonly kind: "listens"; readonly url: string }
  /** Every agent has called home and reported. */
  | { readonly kind: "all-home"; readonly atMs: number }
  | { readonly kind: "joined"; readonly server: number; readonly atMs: number };

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A site of this many machines on record; so many of its servers are about to join. */
export interface World {
  /** State directory of the site. */
  readonly state: string;
  readonly starting: readonly number[];
  readonly authority: string;
  readonly players: readonly Player[];
}

export async function makeWorld(machines: number, joins: number): Promise<World> {
  const state = mkdtempSync(join(tmpdir(), "tidemill-agents-"));
  const places = stateDirectory(state);
  mkdirSync(join(state, "inventory"), { mode: 0o700 });
  const inventory = await openSqliteInventory(places.database, "key");
  const seal = await createSeal(places.sealKey);
  const now = Date.now();
  const { access: records } = inventory;
  const authority = await openAuthority({ records, seal, site: SITE_ID, now });
  // Spread over the site: each nth machine.
  const step = Math.max(1, Math.floor(machines / joins));
  const starting = Array.from({ length: joins }, (_, index) => 1 + index * step);
  const changes = steadyChanges(machines).map((change) => asStarting(change, new Set(starting)));
  await inventory.commit(changes, []);
  const players: Player[] = [];
  for (const { name, role } of inventory.state().machines.values()) {
    const server = role === "balancer" ? null : players.length;
    players.push({ machine: name, server, ...(await admit({ authority, records }, name, role)) });
  }
  await inventory.close();
  return { state, starting, authority: authority.certificate, players };
}

function asStarting(change: Change, starting: ReadonlySet<number>): Change {
  if (change.kind !== "server" || !starting.has(change.server.id)) return change;
  return { ...change, server: { ...change.server, state: "starting", address: null, port: null } };
}

async function admit(
  parts: { readonly authority: Authority; readonly records: AccessRecords },
  machine: string,
  role: string,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const subject = { kind: "machine", site: SITE_ID, machine, role } as const;
  const { key, certificate, serial } = await certify(parts.authority, subject);
  const issuedAt = Date.now();
  const expiresAt = issuedAt + 3_600_000;
  // Nobody renews here: that the key's hash is any name of it does not matter.
  const record = { serial, machine, role, key: serial, issuedAt, expiresAt, revokedAt: null };
  await parts.records.addCertificate(record);
  return { key, certificate };
}

export function writeCrowdOrder(world: World, url: string): string {
  const path = join(world.state, "crowd.json");
  const { authority, starting, players } = world;
  const order: CrowdOrder = { url, authority, starting, players };
  writeFileSync(path, JSON.stringify(order), { mode: 0o600 });
  return path;
}
