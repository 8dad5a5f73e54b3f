import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { openPostgresInventory, preparePostgres } from "../../src/adapters/inventory/postgres.ts";
import { createPostgresLease } from "../../src/adapters/inventory/postgres-lease.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import type { Inventory } from "../../src/ports/inventory.ts";
import { startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";
import { describeInventory } from "./inventory.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-inventory-"));
let server: PostgresServer;
let url = "";

before(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  await preparePostgres(url);
  await preparePostgres(url);
});
after(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

describeInventory("SQLite", () => openSqliteInventory(join(directory, "inventory.db"), "key"));
describeInventory("PostgreSQL", openAsNewLeader);

/** As a controller that takes over from the one before it. */
async function openAsNewLeader(): Promise<Inventory> {
  const lease = createPostgresLease(url);
  const holder = crypto.randomUUID();
  const signal = AbortSignal.timeout(5_000);
  const answer = await lease.take({ holder, url: "http://127.0.0.1:1", holdMs: -1 }, signal);
  await lease.close();
  if (answer.kind !== "held") throw new Error("the lease is not to be had");
  return openPostgresInventory(url, "key", { holder, epoch: answer.epoch });
}
