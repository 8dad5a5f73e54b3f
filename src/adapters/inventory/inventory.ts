import { Migrator } from "kysely/migration";
import type { Kysely, Transaction } from "kysely";
import { applyChanges, emptyInventory } from "../../core/changes.ts";
import { unreachable } from "../../core/assert.ts";
import { rentalKey } from "../../core/cost/rental.ts";
import type { Change, InventoryState, SiteEvent } from "../../core/inventory.ts";
import type { OpenInventory } from "../../ports/access-records.ts";
import { Failure } from "../../ports/failure.ts";
import type { EventFilter, RecordedEvent } from "../../ports/inventory.ts";
import { createAccessRecords } from "./access-records.ts";
import { addArrivals, readArrivals, readArrivalsMeans } from "./arrivals.ts";
import { addDecisions, readDecisions, readDecisionStates } from "./decisions.ts";
import { migrationsFor } from "./migrations.ts";
import type { Engine } from "./migrations.ts";
import { addRentals, readNewestRentals, readRentals } from "./rentals.ts";
import {
  deployToRow,
  drillToRow,
  oneOffToRow,
  machineToRow,
  releaseToRow,
  revisionToRow,
  roleToRow,
  serverToRow,
  settingsFrom,
  stateFrom,
} from "./rows.ts";
import type { InventoryTables } from "./schema.ts";
import { checkTerm } from "./term.ts";
import type { WritingTerm } from "./term.ts";

export type Database = Kysely<InventoryTables>;

export interface InventoryOptions {
  readonly engine: Engine;
  /** Only used when the inventory is new. */
  readonly stickyKey: string;
  readonly term: WritingTerm;
}

/** The inventory over an open database that has its present form. */
export async function createInventory(
  db: Database,
  options: InventoryOptions,
): Promise<OpenInventory> {
  let state = (await load(db)) ?? emptyInventory(options.stickyKey);
  let isInDoubt = false;
  return {
    state: () => state,
    async commit(changes, events) {
      if (changes.length === 0 && events.length === 0) return;
      if (isInDoubt) {
        const found = await asFailure("read", async () => (await load(db)) ?? state);
        isInDoubt = false;
        // The answer was lost, not the write: what was decided on the former state is not written over it.
        if (found.settings.generation !== state.settings.generation) {
          state = found;
          throw new Failure("rejected", "Cannot write to the inventory: it has moved on");
        }
      }
      const next = withGeneration(applyChanges(state, changes), changes.length > 0);
      try {
        await inTransaction(db, async (transaction) => {
          await checkTerm(transaction, options);
          for (const change of lastOfEach(changes)) await write(transaction, change);
          await addRentals(transaction, state, next);
          await writeSettings(transaction, next);
          await writeEvents(transaction, events);
        });
      } catch (cause) {
        isInDoubt = true;
        throw cause;
      }
      state = next;
    },
    events: (filter) => asFailure("read", () => readEvents(db, filter)),
    async writeArrivals(records) {
      if (records.length === 0) return;
      await inTransaction(db, async (transaction) => {
        await checkTerm(transaction, options);
        await addArrivals(transaction, records);
      });
    },
    rentals: (filter) => asFailure("read", () => readRentals(db, filter)),
    async writeDecisions(page) {
      await inTransaction(db, async (transaction) => {
        await checkTerm(transaction, options);
        await addDecisions(transaction, page);
      });
    },
    decisions: (filter) => asFailure("read", () => readDecisions(db, filter)),
    decisionStates: () => asFailure("read", () => readDecisionStates(db)),
    arrivals: (filter) => asFailure("read", () => readArrivals(db, filter)),
    arrivalsMeans: () => asFailure("read", () => readArrivalsMeans(db)),
    access: createAccessRecords(db, options),
    close: () => db.destroy(),
  };
}

/** Brings the tables to their present form. Throws `Failure`. */
export async function migrate(db: Database, engine: Engine): Promise<void> {
  const provider = migrationsFor(engine);
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) {
    const said = error instanceof Error ? error.message : "no reason given";
    throw new Failure("unavailable", `Cannot bring the inventory to its present form: ${said}`, {
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
    drills: await db.selectFrom("drill").selectAll().execute(),
    oneOffs: await db.selectFrom("one_off").selectAll().execute(),
    rentals: await readNewestRentals(db),
  });
}

/** Documents made from a newer state carry a higher generation; receivers refuse a lower one. */
function withGeneration(state: InventoryState, isChanged: boolean): InventoryState {
  if (!isChanged) return state;
  const settings = { ...state.settings, generation: state.settings.generation + 1 };
  return { ...state, settings };
}

function inTransaction(
  db: Database,
  work: (transaction: Transaction<InventoryTables>) => Promise<void>,
): Promise<void> {
  return asFailure("write to", () => db.transaction().execute(work));
}

async function asFailure<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot ${what} the inventory: ${said}`, { cause });
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
    case "rental":
      return `rental ${rentalKey(change.rental)}`;
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
    case "drill":
      return `drill ${change.drill.id}`;
    case "drill-gone":
      return `drill ${change.id}`;
    case "one-off":
      return `one-off ${change.oneOff.id}`;
    case "one-off-gone":
      return `one-off ${change.id}`;
  }
}

async function write(db: Transaction<InventoryTables>, change: Change): Promise<void> {
  switch (change.kind) {
    case "settings":
    case "rental":
      // Written once for the whole batch.
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
    case "drill":
      await upsert(db, "drill", "id", drillToRow(change.drill));
      return;
    case "drill-gone":
      await db.deleteFrom("drill").where("id", "=", change.id).execute();
      return;
    case "one-off":
      await upsert(db, "one_off", "id", oneOffToRow(change.oneOff));
      return;
    case "one-off-gone":
      await db.deleteFrom("one_off").where("id", "=", change.id).execute();
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
