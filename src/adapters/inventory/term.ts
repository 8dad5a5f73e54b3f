import type { Transaction } from "kysely";
import { Failure } from "../../ports/failure.ts";
import type { Engine } from "./migrations.ts";
import type { InventoryTables } from "./schema.ts";

/** The one row of the lease table. */
export const LEASE_NAME = "controller";

/** What the lease in the database must still say when we write. */
export interface WritingTerm {
  readonly holder: string;
  readonly epoch: number;
}

/**
 * The fence: in the same transaction as the writes, and locked against a change until it ends. A controller
 * that was frozen or cut off while another took over commits nothing, whatever it believes.
 */
export async function checkTerm(
  db: Transaction<InventoryTables>,
  { engine, term }: { readonly engine: Engine; readonly term: WritingTerm },
): Promise<void> {
  const own = await db
    .selectFrom("lease")
    .select("epoch")
    .where("name", "=", LEASE_NAME)
    .where("holder", "=", term.holder)
    .where("epoch", "=", term.epoch)
    .$if(engine === "postgres", (query) => query.forShare())
    .executeTakeFirst();
  if (own !== undefined) return;
  const what = `Cannot write to the inventory: epoch ${term.epoch} is over, another controller leads`;
  throw new Failure("rejected", what);
}
