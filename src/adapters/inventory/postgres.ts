import type { EventEmitter } from "node:events";
import { Kysely, PostgresDialect } from "kysely";
import { Pool, types } from "pg";
import type { TypeParsers } from "pg";
import type { OpenInventory } from "../../ports/access-records.ts";
import { Failure } from "../../ports/failure.ts";
import { createInventory, migrate } from "./inventory.ts";
import type { Database } from "./inventory.ts";
import type { WritingTerm } from "./term.ts";
import type { InventoryTables } from "./schema.ts";

/** A commit is a few milliseconds; the events page of a dashboard must not wait for it. */
const CONNECTIONS_MAX = 3;
const CONNECT_MS = 2_000;
/** Far less than a lease lasts: a server that does not answer must not keep a leader that has lost it. */
const QUERY_MS = 2_500;
/**
 * A controller that freezes in the middle of a commit holds the lease's row: the server ends its transaction
 * before the lease runs out, so that who takes over never waits for it.
 */
const IDLE_IN_TRANSACTION_MS = 1_000;
const CLOSE_MS = 1_000;

/** The inventory in PostgreSQL, for one term of leadership. Throws `Failure`. */
export async function openPostgresInventory(
  url: string,
  stickyKey: string,
  term: WritingTerm,
): Promise<OpenInventory> {
  const db = openPostgresDatabase(url);
  const inventory = await createInventory(db, { engine: "postgres", stickyKey, term });
  return { ...inventory, close: () => withoutWaiting(inventory.close()) };
}

/** Makes the tables, or brings them to their present form. Throws `Failure`. */
export async function preparePostgres(url: string): Promise<void> {
  const db = openPostgresDatabase(url);
  try {
    await migrate(db, "postgres");
  } finally {
    await withoutWaiting(db.destroy());
  }
}

/** The tables alone, for copies. */
export function openPostgresDatabase(url: string): Database {
  const pool = new Pool({
    connectionString: url,
    application_name: "tidemill",
    max: CONNECTIONS_MAX,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: numbersAsNumbers,
  });
  // A connection that ends while nobody uses it is no news: the next query opens another.
  pool.on("error", () => undefined);
  // One that ends in the middle of a transaction is told to whoever asks next; unheard it would end the process.
  pool.on("connect", (client: EventEmitter) => client.on("error", () => undefined));
  return new Kysely<InventoryTables>({ dialect: new PostgresDialect({ pool }) });
}

/** Refuses what is no address of a database, without repeating it: a password may be in it. */
export function checkPostgresUrl(url: string): void {
  const parsed = URL.parse(url);
  if (parsed !== null && /^postgres(ql)?:$/.test(parsed.protocol)) return;
  throw new Failure("rejected", "Cannot use the database's address: it is no postgres:// URL");
}

/** The driver gives 64-bit integers as text; ours are times and counts, all below 2^53. */
export const numbersAsNumbers: TypeParsers = {
  getTypeParser: (id, format) => (id === 20 ? Number : types.getTypeParser(id, format)),
};

/** A server that has gone does not say goodbye either. */
export async function withoutWaiting(closing: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, CLOSE_MS);
  await Promise.race([closing.catch(() => undefined), late.promise]);
  clearTimeout(timer);
}
