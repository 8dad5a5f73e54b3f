import { preparePostgres } from "../../src/adapters/inventory/postgres.ts";
import { createPostgresLease } from "../../src/adapters/inventory/postgres-lease.ts";
import { startPostgres } from "../harness/postgres.ts";
import { describeLease } from "./lease.ts";

describeLease("PostgreSQL's lease", async () => {
  const server = await startPostgres();
  const url = await server.createDatabase();
  await preparePostgres(url);
  return { connect: () => createPostgresLease(url), close: () => server.stop() };
});
