import { Migrator } from "kysely/migration";
import type { Kysely, Transaction } from "kysely";
import { applyChanges, emptyInventory } from "../../core/changes.ts";
import { unreachable } from "../../core/assert.ts";
import type { Change, InventoryState, SiteEvent } from "../../core/inventory.ts";
import { Failure } from "../../ports/failure.ts";
import type { EventFilter, Inventory, RecordedEvent } from "../../ports/inventory.ts";
import { migrationProvider } from "./migrations.ts";
import {
  deployToRow,
  machineToRow,
  releaseToRow,
  revisionToRow,
  roleToRow,
  serverToRow,
  settingsFrom,
  stateFrom,
} from "./rows.ts";
import type { InventoryTables } from "./schema.ts";

type Database = Kysely<InventoryTables>;

/** The inventory over an open database. `stickyKey` is only used when the inventory is new. */
export async function createInventory(db: Database, stickyKey: string): Promise<Inventory> {
  await migrate(db);
  let state = (await load(db)) ?? emptyInventory(stickyKey);
  return {
    state: () => state,
    async commit(changes, events) {
      if (changes.length === 0 && events.length === 0) return;
      const next = withGeneration(applyChanges(state, changes), changes.length > 0);
      await inTransaction(db, async (transaction) => {
        for (const change of lastOfEach(changes)) await write(transaction, change);
        await writeSettings(transaction, next);
        await writeEvents(transaction, events);
      });
      state = next;
    },
    events: (filter) => readEvents(db, filter),
    close: () => db.destroy(),
  };
}

async function migrate(db: Database): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrationProvider }).migrateToLatest();
  if (error !== undefined) {
    throw new Failure("rejected", "Cannot bring the inventory to its present form", {
      cause: error,
    });
  }
}

async function load(db: Database): Promise<InventoryState | null> {
  const row = await db.selectFrom("settings").selectAll().executeTakeFirst();
  if (row === undefined) return null;
  return stateFrom(settingsFrom(row.content), {
    roles: await db.selectFrom("role").selectAll().execute(),
    machines: await db.selectFrom("machine").selectAll().execute(),
    servers: await db.selectFrom("server").selectAll().execute(),
    releases: await db.selectFrom("release").selectAll().execute(),
    revisions: await db.selectFrom("revision").selectAll().execute(),
    deploys: await db.selectFrom("deploy").selectAll().execute(),
  });
}

/** Documents made from a newer state carry a higher generation; receivers refuse a lower one. */
function withGeneration(state: InventoryState, isChanged: boolean): InventoryState {
  if (!isChanged) return state;
  const settings = { ...state.settings, generation: state.settings.generation + 1 };
  return { ...state, settings };
}

async function inTransaction(
  db: Database,
  work: (transaction: Transaction<InventoryTables>) => Promise<void>,
): Promise<void> {
  try {
    await db.transaction().execute(work);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot write to the inventory: ${said}`, { cause });
  }
}

/** A row written twice in one batch is written once, as it ends. */
function lastOfEach(changes: readonly Change[]): readonly Change[] {
  const last = new Map<string, Change>();
  for (const change of changes) {
    const key = keyOf(change);
    last.delete(key);
    last.set(key, change);
  }
  return [...last.values()];
}

function keyOf(change: Change): string {
  switch (change.kind) {
    case "settings":
      return "settings";
    case "role":
      return `role ${change.role.role}`;
    case "role-gone":
      return `role ${change.role}`;
    case "machine":
      return `machine ${change.machine.name}`;
    case "machine-gone":
      return `machine ${change.name}`;
    case "server":
      return `server ${change.server.id}`;
    case "server-gone":
      return `server ${change.id}`;
    case "release":
      return `release ${change.release.id}`;
    case "release-gone":
      return `release ${change.id}`;
    case "revision":
      return `revision ${change.revision.id}`;
    case "revision-gone":
      return `revision ${change.id}`;
    case "deploy":
      return `deploy ${change.deploy.id}`;
  }
}

async function write(db: Transaction<InventoryTables>, change: Change): Promise<void> {
  switch (change.kind) {
    case "settings":
      return;
    case "role":
      await upsert(db, "role", "role", roleToRow(change.role));
      return;
    case "role-gone":
      await db.deleteFrom("role").where("role", "=", change.role).execute();
      return;
    case "machine":
      await upsert(db, "machine", "name", machineToRow(change.machine));
      return;
    case "machine-gone":
      await db.deleteFrom("machine").where("name", "=", change.name).execute();
      return;
    case "server":
      await upsert(db, "server", "id", serverToRow(change.server));
      return;
    case "server-gone":
      await db.deleteFrom("server").where("id", "=", change.id).execute();
      return;
    case "release":
      await upsert(db, "release", "id", releaseToRow(change.release));
      return;
    case "release-gone":
      await db.deleteFrom("release").where("id", "=", change.id).execute();
      return;
    case "revision":
      await upsert(db, "revision", "id", revisionToRow(change.revision));
      return;
    case "revision-gone":
      await db.deleteFrom("revision").where("id", "=", change.id).execute();
      return;
    case "deploy":
      await upsert(db, "deploy", "id", deployToRow(change.deploy));
      return;
    default:
      unreachable(change);
  }
}

async function writeSettings(
  db: Transaction<InventoryTables>,
  state: InventoryState,
): Promise<void> {
  const row = { id: 1, content: JSON.stringify(state.settings) };
  await upsert(db, "settings", "id", row);
}

async function upsert<Table extends keyof InventoryTables>(
  db: Transaction<InventoryTables>,
  table: Table,
  key: string,
  row: InventoryTables[Table],
): Promise<void> {
  const values = { ...row } as Record<string, unknown>;
  await anyTable(db)
    .insertInto(table)
    .values(values)
    .onConflict((conflict) => conflict.column(key).doUpdateSet(values as never))
    .execute();
}

/** The builder's types cannot follow a table that is a parameter; the row's type is checked by the caller. */
function anyTable(
  db: Transaction<InventoryTables>,
): Transaction<Record<string, Record<string, unknown>>> {
  return db as unknown as Transaction<Record<string, Record<string, unknown>>>;
}

/** Many rows per statement, within the engines' limit on parameters. */
const EVENTS_PER_INSERT = 200;

async function writeEvents(
  db: Transaction<InventoryTables>,
  events: readonly SiteEvent[],
): Promise<void> {
  for (let first = 0; first < events.length; first += EVENTS_PER_INSERT) {
    const rows = events.slice(first, first + EVENTS_PER_INSERT);
    await anyTable(db)
      .insertInto("event")
      .values(rows.map((row) => ({ ...row })))
      .execute();
  }
}

async function readEvents(db: Database, filter: EventFilter): Promise<readonly RecordedEvent[]> {
  let query = db.selectFrom("event").selectAll().orderBy("number", "desc").limit(filter.limit);
  if (filter.subject !== undefined) query = query.where("subject", "=", filter.subject);
  if (filter.after !== undefined) query = query.where("number", ">", filter.after);
  return query.execute();
}
