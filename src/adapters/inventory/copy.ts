import { sql } from "kysely";
import type { Kysely } from "kysely";
import type { Settings } from "../../core/inventory.ts";
import { Failure } from "../../ports/failure.ts";
import type { Database } from "./inventory.ts";
import { migrate } from "./inventory.ts";
import { LEASE_NAME } from "./term.ts";
import type { Engine } from "./migrations.ts";

/** Rows of one table, a part at a time. */
export interface TablePart {
  readonly table: string;
  readonly rows: readonly Row[];
}

type Row = Readonly<Record<string, unknown>>;

/** Within the memory of a small machine, and within the time of one query. */
const ROWS_PER_PART = 10_000;
/** Within the engines' limits on parameters. */
const ROWS_PER_INSERT = 200;
/** Of the running controllers, not of the site. */
const ownTables = new Set(["lease", "controller"]);

/** Everything on record, as it was at one moment, and the epoch it was written in. */
export async function* readTables(db: Database, engine: Engine): AsyncGenerator<TablePart> {
  const begin = db.startTransaction();
  const isolated = engine === "postgres" ? begin.setIsolationLevel("repeatable read") : begin;
  const moment = await isolated.execute();
  try {
    for (const table of await tablesOf(moment)) {
      for (let offset = 0; ; offset += ROWS_PER_PART) {
        const query = anyTable(moment)
          .selectFrom(table)
          .selectAll()
          .orderBy(sql`1`)
          .orderBy(sql`2`);
        const rows = await query.limit(ROWS_PER_PART).offset(offset).execute();
        if (rows.length > 0) yield { table, rows };
        if (rows.length < ROWS_PER_PART) break;
      }
    }
  } finally {
    await moment.rollback().execute();
  }
}

export async function readEpoch(db: Database): Promise<number> {
  const row = await db.selectFrom("lease").select("epoch").executeTakeFirst();
  return row?.epoch ?? 0;
}

export interface CopyTerms {
  /** Lowest epoch and generation of the copy: whatever has seen the original must not take it for older. */
  readonly epochMin: number;
  readonly generationMin: number;
}

/** Writes the rows into an inventory without a site, all or nothing. Throws `Failure` (`rejected`) when it has one. */
export async function writeTables(
  db: Database,
  engine: Engine,
  parts: AsyncIterable<TablePart>,
  terms: CopyTerms,
): Promise<void> {
  await migrate(db, engine);
  await db.transaction().execute(async (transaction) => {
    if ((await transaction.selectFrom("settings").select("id").executeTakeFirst()) !== undefined) {
      throw new Failure("rejected", "Cannot copy the inventory: there is one already");
    }
    const known = new Set(await tablesOf(transaction));
    for await (const { table, rows } of parts) {
      if (!known.has(table)) {
        throw new Failure("rejected", `Cannot copy the inventory: there is no table ${table} here`);
      }
      for (let first = 0; first < rows.length; first += ROWS_PER_INSERT) {
        const some = rows.slice(first, first + ROWS_PER_INSERT);
        await anyTable(transaction).insertInto(table).values(some).execute();
      }
    }
    await raise(transaction, terms);
    if (engine === "postgres") await continueNumbers(transaction);
  });
}

async function raise(db: Database, { epochMin, generationMin }: CopyTerms): Promise<void> {
  const row = await db.selectFrom("settings").selectAll().executeTakeFirst();
  if (row === undefined) throw new Failure("rejected", "Cannot copy the inventory: it is empty");
  const settings = JSON.parse(row.content) as Settings;
  const generation = Math.max(settings.generation, generationMin);
  const content = JSON.stringify({ ...settings, generation });
  await db.updateTable("settings").set({ content }).execute();
  await db
    .insertInto("lease")
    .values({ name: LEASE_NAME, holder: "", url: "", until: 0, epoch: epochMin })
    .execute();
}

/** Rows that came with their number do not move the counter. */
async function continueNumbers(db: Database): Promise<void> {
  for (const table of ["event", "audit", "decision"]) {
    await sql`select setval(pg_get_serial_sequence(${table}, 'number'),
      (select coalesce(max(number), 0) + 1 from ${sql.table(table)}), false)`.execute(db);
  }
}

async function tablesOf(db: Database): Promise<readonly string[]> {
  const tables = await db.introspection.getTables();
  return tables
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("kysely_") && !ownTables.has(name))
    .toSorted();
}

/** Tables are copied as they are, whichever there are. */
function anyTable(db: Database): Kysely<Record<string, Record<string, unknown>>> {
  return db as unknown as Kysely<Record<string, Record<string, unknown>>>;
}
