import type { ColumnDefinitionBuilder, Kysely } from "kysely";
import type { MigrationProvider } from "kysely/migration";
import { createAccessTables } from "./access-tables.ts";

/** Where the schema is written: all but the counting of events is the same. */
export type Engine = "sqlite" | "postgres";

/** Each step of the schema, by name in order. A step that has shipped is never changed. */
export function migrationsFor(engine: Engine): MigrationProvider {
  const migrations = {
    "2026-11-21-first": { up: (db: Kysely<unknown>) => createTables(db, engine) },
    "2026-11-22-lease": { up: createLease },
    "2026-11-23-access": { up: (db: Kysely<unknown>) => createAccessTables(db, engine) },
    "2026-11-24-drill": { up: createDrills },
    "2026-11-25-one-off": { up: createOneOffs },
    "2026-11-26-arrivals": { up: createArrivals },
    "2026-11-27-boot-times": { up: addBootTimes },
    "2026-11-28-rental": { up: createRentals },
    "2026-11-29-decision": { up: (db: Kysely<unknown>) => createDecisions(db, engine) },
  };
  return { getMigrations: () => Promise.resolve(migrations) };
}

async function createTables(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("settings")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("role")
    .addColumn("role", "text", (column) => column.primaryKey())
    .addColumn("target", "integer", (column) => column.notNull())
    .addColumn("target_reason", "text", (column) => column.notNull())
    .addColumn("target_at", "bigint", (column) => column.notNull())
    .addColumn("pin", "text")
    .addColumn("revision", "text")
    .addColumn("next_machine_number", "integer", (column) => column.notNull())
    .execute();
  await createMachines(db);
  await createReleases(db);
  await schema
    .createTable("event")
    .addColumn("number", engine === "sqlite" ? "integer" : "bigint", numbered(engine))
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("event_subject").on("event").columns(["subject", "number"]).execute();
}

function numbered(engine: Engine): (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder {
  return (column) =>
    engine === "sqlite"
      ? column.primaryKey().autoIncrement()
      : column.primaryKey().generatedByDefaultAsIdentity();
}

/** Who may write, and who would like to. */
async function createLease(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("lease")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("holder", "text", (column) => column.notNull())
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("until", "bigint", (column) => column.notNull())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("controller")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("seen_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createDrills(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("drill")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("machine", "text")
    .addColumn("started_by", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
}

async function createOneOffs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("one_off")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("started_by", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
}

async function createArrivals(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("arrivals")
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("start_s", "bigint", (column) => column.notNull())
    .addColumn("known", "integer", (column) => column.notNull())
    .addColumn("mean", "double precision", (column) => column.notNull())
    .addColumn("rates", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("arrivals_key", ["role", "start_s"])
    .execute();
}

async function addBootTimes(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("machine").addColumn("launched_at", "bigint").execute();
  await db.schema.alterTable("machine").addColumn("serving_at", "bigint").execute();
  await db.schema.alterTable("role").addColumn("boots_ms", "text").execute();
}

async function createRentals(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("rental")
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("left_at", "bigint")
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("type", "text")
    .addPrimaryKeyConstraint("rental_key", ["machine", "started_at"])
    .execute();
  await db.schema.createIndex("rental_end").on("rental").column("ended_at").execute();
  await db.schema.alterTable("machine").addColumn("type", "text").execute();
  await db.schema.alterTable("role").addColumn("spend_told", "text").execute();
}

async function createDecisions(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await db.schema
    .createTable("decision")
    .addColumn("number", engine === "sqlite" ? "integer" : "bigint", numbered(engine))
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("machines_before", "integer", (column) => column.notNull())
    .addColumn("machines_after", "integer", (column) => column.notNull())
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
  const index = db.schema.createIndex("decision_role").on("decision");
  await index.columns(["role", "number"]).execute();
  await db.schema
    .createTable("decision_state")
    .addColumn("role", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
}

async function createMachines(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("machine")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("number", "integer", (column) => column.notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_at", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("address", "text")
    .addColumn("called_home_at", "bigint")
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("mark", "text")
    .execute();
  await db.schema
    .createTable("server")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("instance", "integer", (column) => column.notNull())
    .addColumn("revision", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("state_at", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("address", "text")
    .addColumn("port", "integer")
    .addColumn("reason", "text", (column) => column.notNull())
    .execute();
}

async function createReleases(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("release")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("archive_sha256", "text", (column) => column.notNull())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("files", "integer", (column) => column.notNull())
    .addColumn("origin", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("revision")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("release", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("deploy")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("started_by", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .addColumn("requests", "bigint")
    .addColumn("failed", "bigint")
    .addColumn("content", "text", (column) => column.notNull())
    .execute();
}
