import type { Transaction } from "kysely";
import { rentalsKept } from "../../core/cost/rental.ts";
import type { Rental } from "../../core/cost/rental.ts";
import type { InventoryState } from "../../core/inventory.ts";
import type { RentalFilter } from "../../ports/inventory.ts";
import type { Database } from "./inventory.ts";
import { rentalFromRow, rentalToRow } from "./rows.ts";
import type { InventoryTables, RentalTable } from "./schema.ts";

/** Writes the rentals that ended between two states, in the transaction that takes their machines off the record. */
export async function addRentals(
  db: Transaction<InventoryTables>,
  before: InventoryState,
  after: InventoryState,
): Promise<void> {
  if (after.rentals === before.rentals) return;
  for (const [key, { to, ...rental }] of after.rentals) {
    if (before.rentals.has(key) || to === null) continue;
    const row = rentalToRow({ ...rental, to });
    await db
      .insertInto("rental")
      .values(row)
      .onConflict((conflict) => conflict.columns(["machine", "started_at"]).doUpdateSet(row))
      .execute();
  }
}

/** The newest, oldest first: what the state holds. */
export async function readNewestRentals(db: Database): Promise<readonly RentalTable[]> {
  const query = db.selectFrom("rental").selectAll().orderBy("ended_at", "desc").orderBy("machine");
  return (await query.limit(rentalsKept).execute()).toReversed();
}

export async function readRentals(
  db: Database,
  { from, to, limit }: RentalFilter,
): Promise<readonly Rental[]> {
  const query = db.selectFrom("rental").selectAll().where("ended_at", ">=", from);
  const rows = await query.where("started_at", "<", to).orderBy("ended_at").limit(limit).execute();
  return rows.map(rentalFromRow);
}
