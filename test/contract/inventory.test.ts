import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { preparePostgres } from "../../src/adapters/inventory/postgres.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { openAsNewLeader, startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";
import { describeArrivals } from "./arrivals.ts";
import { describeDecisions } from "./decisions.ts";
import { describeInventory } from "./inventory.ts";
import { describeRentals } from "./rentals.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-inventory-"));
let server: PostgresServer;
let url = "";
let ledgerUrl = "";

before(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  ledgerUrl = await server.createDatabase();
  await preparePostgres(ledgerUrl);
  await preparePostgres(url);
  await preparePostgres(url);
});
after(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

describeInventory("SQLite", () => openSqliteInventory(join(directory, "inventory.db"), "key"));
describeInventory("PostgreSQL", () => openAsNewLeader(url));
describeArrivals("SQLite", () => openSqliteInventory(join(directory, "inventory.db"), "key"));
describeArrivals("PostgreSQL", () => openAsNewLeader(url));
describeRentals("SQLite", () => openSqliteInventory(join(directory, "ledger.db"), "key"));
describeRentals("PostgreSQL", () => openAsNewLeader(ledgerUrl));
describeDecisions("SQLite", () => openSqliteInventory(join(directory, "inventory.db"), "key"));
describeDecisions("PostgreSQL", () => openAsNewLeader(url));
