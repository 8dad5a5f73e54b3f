import type { Transaction } from "kysely";
import {
  arrivalsKeptMax,
  decodeRates,
  encodeRates,
  fiveMinutesS,
} from "../../core/history/arrivals.ts";
import type { ArrivalsFilter, ArrivalsMean, ArrivalsRecord } from "../../core/history/arrivals.ts";
import type { Database } from "./inventory.ts";
import type { InventoryTables } from "./schema.ts";

/** Adds records of what came; the one of the same five minutes that knows more stays. */
export async function addArrivals(
  db: Transaction<InventoryTables>,
  records: readonly ArrivalsRecord[],
): Promise<void> {
  for (const { role, startS, known, mean, rates } of records) {
    const content = { known, mean, rates: encodeRates(rates) };
    await db
      .insertInto("arrivals")
      .values({ role, start_s: startS, ...content })
      .onConflict((conflict) =>
        conflict
          .columns(["role", "start_s"])
          .doUpdateSet(content)
          .where("arrivals.known", "<=", known),
      )
      .execute();
  }
  for (const role of new Set(records.map((record) => record.role))) await prune(db, role);
  await pruneStrangers(db, records);
}

/** By count: a clock that jumps ahead must not make a site forget everything. */
async function prune(db: Transaction<InventoryTables>, role: string): Promise<void> {
  await db
    .deleteFrom("arrivals")
    .where("role", "=", role)
    .where("start_s", "<", (inner) =>
      inner
        .selectFrom("arrivals")
        .select("start_s")
        .where("role", "=", role)
        .orderBy("start_s", "desc")
        .limit(1)
        .offset(arrivalsKeptMax - 1),
    )
    .execute();
}

/** A role that is no more gets no records that would push out its old ones. */
async function pruneStrangers(
  db: Transaction<InventoryTables>,
  records: readonly ArrivalsRecord[],
): Promise<void> {
  const roles = [...new Set(records.map(({ role }) => role))];
  if (roles.length === 0) return;
  const newestS = Math.max(...records.map(({ startS }) => startS));
  await db
    .deleteFrom("arrivals")
    .where("role", "not in", roles)
    .where("start_s", "<", newestS - arrivalsKeptMax * fiveMinutesS)
    .execute();
}

/** Oldest first. */
export async function readArrivals(
  db: Database,
  { role, fromS, toS, limit }: ArrivalsFilter,
): Promise<readonly ArrivalsRecord[]> {
  let query = db
    .selectFrom("arrivals")
    .selectAll()
    .where("start_s", ">=", fromS)
    .where("start_s", "<", toS)
    .orderBy("start_s")
    .orderBy("role")
    .limit(limit);
  if (role !== undefined) query = query.where("role", "=", role);
  const rows = await query.execute();
  return rows.map((row) => ({
    role: row.role,
    startS: row.start_s,
    known: row.known,
    mean: row.mean,
    rates: decodeRates(row.rates),
  }));
}

export async function readArrivalsMeans(db: Database): Promise<readonly ArrivalsMean[]> {
  const query = db.selectFrom("arrivals").select(["role", "start_s", "known", "mean"]);
  const rows = await query.orderBy("start_s").orderBy("role").execute();
  return rows.map(({ role, start_s: startS, known, mean }) => ({ role, startS, known, mean }));
}
