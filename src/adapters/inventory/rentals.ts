import type { Transaction } from "kysely";
import { rentalsKept } from "../../core/cost/rental.ts";
import type { Rental } from "../../core/cost/rental.ts";
import type { InventoryState } from "../../core/inventory.ts";
import type { RentalFilter } from "../../ports/inventory.ts";
import type { Database } from "./inventory.ts";
import { rentalFromRow, rentalToRow } from "./rows.ts";
import type { InventoryTables, RentalTable } from "./schema.ts";

/** Writes the rentals that changed between two states, in the transaction that takes their machines off the record. */
export async function addRentals(
  db: Transaction<InventoryTables>,
  before: InventoryState,
  after: InventoryState,
): Promise<void> {
  if (after.rentals === before.rentals) return;
  for (const [key, rental] of after.rentals) {
    if (before.rentals.get(key) === rental) continue;
    const row = rentalToRow(rental);
    await db
      .insertInto("rental")
      .values(row)
      .onConflict((conflict) => conflict.columns(["machine", "started_at"]).doUpdateSet(row))
      .execute();
  }
}

/** What the state holds: the newest that ended, oldest first, and those that go on. */
export async function readNewestRentals(db: Database): Promise<readonly RentalTable[]> {
  const all = db.selectFrom("rental").selectAll();
  const ended = all.where("ended_at", "is not", null).orderBy("ended_at", "desc");
  const newest = await ended.orderBy("machine").limit(rentalsKept).execute();
  return [...newest.toReversed(), ...(await all.where("ended_at", "is", null).execute())];
}

export async function readRentals(
  db: Database,
  { from, to, limit }: RentalFilter,
): Promise<readonly Rental[]> {
  const rows = await db
    .selectFrom("rental")
    .selectAll()
    .where((is) => is.or([is("ended_at", "is", null), is("ended_at", ">=", from)]))
    .where("started_at", "<", to)
    .orderBy("started_at")
    .orderBy("machine")
    .limit(limit)
    .execute();
  return rows.map(rentalFromRow);
}
