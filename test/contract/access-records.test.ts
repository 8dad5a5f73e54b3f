import { after, before } from "node:test";
import { openPostgresInventory, preparePostgres } from "../../src/adapters/inventory/postgres.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";
import { describeAccessRecords } from "./access-records.ts";

let server: PostgresServer;
let url = "";

before(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  await preparePostgres(url);
});
after(() => server.stop());

describeAccessRecords("SQLite", () => openSqliteInventory(":memory:", "key"));
describeAccessRecords("PostgreSQL", () =>
  // The lease guards what the controller decides; who may come in is kept by whoever is asked.
  openPostgresInventory(url, "key", { holder: "nobody", epoch: 0 }),
);
