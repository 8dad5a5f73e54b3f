import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import type { SqliteDatabase } from "kysely";
import { Failure } from "../../ports/failure.ts";
import type { Inventory } from "../../ports/inventory.ts";
import { createInventory } from "./inventory.ts";
import type { InventoryTables } from "./schema.ts";

/** Opens, or makes, the inventory in one SQLite file. Throws `Failure` when the file is not usable. */
export async function openSqliteInventory(path: string, stickyKey: string): Promise<Inventory> {
  const database = open(path);
  const db = new Kysely<InventoryTables>({
    dialect: new SqliteDialect({ database: forKysely(database) }),
  });
  return createInventory(db, stickyKey);
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
