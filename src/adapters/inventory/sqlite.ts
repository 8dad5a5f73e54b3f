import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue } from "node:sqlite";
import { Kysely, sql, SqliteDialect } from "kysely";
import type { SqliteDatabase } from "kysely";
import type { OpenInventory } from "../../ports/access-records.ts";
import { Failure } from "../../ports/failure.ts";
import { createInventory, migrate } from "./inventory.ts";
import { LEASE_NAME } from "./term.ts";
import type { Database } from "./inventory.ts";
import type { InventoryTables } from "./schema.ts";

/** The inventory in a file, and the term in which it was opened. */
export interface SqliteInventory extends OpenInventory {
  readonly epoch: number;
}

/**
 * Opens, or makes, the inventory in one SQLite file, and begins a new term: whoever had it open before can
 * write no more. Throws `Failure` when the file is not usable.
 */
export async function openSqliteInventory(
  path: string,
  stickyKey: string,
): Promise<SqliteInventory> {
  await prepareFile(path);
  const db = openSqliteDatabase(path);
  try {
    await migrate(db, "sqlite");
    const epoch = await beginTerm(db);
    const term = { holder: SQLITE_HOLDER, epoch };
    return { ...(await createInventory(db, { engine: "sqlite", stickyKey, term })), epoch };
  } catch (cause) {
    await db.destroy();
    if (cause instanceof Failure) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot read the inventory at ${path}: ${said}`, { cause });
  }
}

/**
 * A new file is made aside and gets its name when it has its tables. SQLite takes a file of less than a page for a new database:
 * one that was cut off would be an inventory without machines, and those there are would be ended as strangers.
 */
async function prepareFile(path: string): Promise<void> {
  if (path === ":memory:") return;
  if (sizeOf(path) >= PAGE_BYTES_MIN) return;
  if (existsSync(path)) {
    const what = "it is too short, so it was damaged";
    throw new Failure("rejected", `Cannot open the inventory at ${path}: ${what}`);
  }
  if (sizeOf(`${path}-wal`) > 0) {
    const what = "the file is gone, and its journal is there";
    throw new Failure("rejected", `Cannot open the inventory at ${path}: ${what}`);
  }
  const aside = `${path}.new`;
  for (const part of ["", "-wal", "-shm"]) rmSync(`${aside}${part}`, { force: true });
  const db = openSqliteDatabase(aside);
  try {
    await migrate(db, "sqlite");
  } finally {
    await db.destroy();
  }
  renameSync(aside, path);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The tables alone, for copies. Throws `Failure`. */
export function openSqliteDatabase(path: string): Database {
  const database = open(path);
  const dialect = new SqliteDialect({ database: forKysely(database) });
  return new Kysely<InventoryTables>({ dialect });
}

/** The smallest that SQLite has; every file of ours has several. */
const PAGE_BYTES_MIN = 512;

const SQLITE_HOLDER = "file";

/** One controller has the file: the lease is always to be had, and never runs out. */
async function beginTerm(db: Database): Promise<number> {
  const { rows } = await sql<{ epoch: number }>`
    insert into lease (name, holder, url, until, epoch)
    values (${LEASE_NAME}, ${SQLITE_HOLDER}, '', ${Number.MAX_SAFE_INTEGER}, 1)
    on conflict (name) do update
      set holder = excluded.holder, until = excluded.until, epoch = lease.epoch + 1
    returning epoch`.execute(db);
  return rows[0]?.epoch ?? 1;
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    // WAL keeps readers out of the writer's way; FULL makes a commit outlive a power cut.
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000",
    );
    return database;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot open the inventory at ${path}: ${said}`, { cause });
  }
}

/** node:sqlite in the shape the dialect knows. Statements are cached: a tick writes the same few. */
function forKysely(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, ReturnType<typeof statement>>();
  const statement = (sql: string) => {
    const prepared = database.prepare(sql);
    return {
      reader: prepared.columns().length > 0,
      all: (values: readonly unknown[]) => prepared.all(...(values as SQLInputValue[])),
      run: (values: readonly unknown[]) => prepared.run(...(values as SQLInputValue[])),
      iterate: (values: readonly unknown[]) =>
        prepared.iterate(...(values as SQLInputValue[])) as IterableIterator<unknown>,
    };
  };
  return {
    prepare(sql) {
      // A write lock taken late can fail after reads; taken first it waits.
      const text = sql === "begin" ? "begin immediate" : sql;
      const cached = statements.get(text) ?? statement(text);
      if (statements.size < 200) statements.set(text, cached);
      return cached;
    },
    close: () => database.close(),
  };
}
