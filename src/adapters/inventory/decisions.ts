import type { Insertable, Transaction } from "kysely";
import type { Instant } from "../../core/instant.ts";
import {
  decisionsKeptMax,
  decisionsKeptMin,
  decisionsKeptMs,
} from "../../core/scaling/decision-record.ts";
import type {
  DecisionFilter,
  DecisionRecord,
  KeptDecision,
} from "../../core/scaling/decision-record.ts";
import type { DecisionPage } from "../../ports/inventory.ts";
import type { Database } from "./inventory.ts";
import type { DecisionTable, InventoryTables } from "./schema.ts";

/** Puts down where each role stands, and what is to be told of it later. */
export async function addDecisions(
  db: Transaction<InventoryTables>,
  { at, states, records }: DecisionPage,
): Promise<void> {
  const roles = [...states.keys()];
  let strangers = db.deleteFrom("decision_state");
  if (roles.length > 0) strangers = strangers.where("role", "not in", roles);
  await strangers.execute();
  for (const [role, content] of states) {
    await db
      .insertInto("decision_state")
      .values({ role, at, content })
      .onConflict((conflict) => conflict.column("role").doUpdateSet({ at, content }))
      .execute();
  }
  if (records.length === 0) return;
  for (const record of records) {
    await db
      .insertInto("decision")
      .values(toRow(record) as Insertable<DecisionTable>)
      .execute();
  }
  for (const role of new Set(records.map((record) => record.role))) await prune(db, role, at);
  await pruneStrangers(db, roles, at);
}

/** The newest stay whatever the clock says: one that jumps ahead must not make a site forget everything. */
async function prune(db: Transaction<InventoryTables>, role: string, now: Instant): Promise<void> {
  const newest = await numberAt(db, role, decisionsKeptMin);
  const least = await numberAt(db, role, decisionsKeptMax);
  if (newest === null) return;
  await db
    .deleteFrom("decision")
    .where("role", "=", role)
    .where("number", "<", newest)
    .where((that) =>
      that.or([that("at", "<", now - decisionsKeptMs), that("number", "<", least ?? 0)]),
    )
    .execute();
}

/** The number of the oldest of the newest `count`; null: there are fewer. */
async function numberAt(
  db: Transaction<InventoryTables>,
  role: string,
  count: number,
): Promise<number | null> {
  const row = await db
    .selectFrom("decision")
    .select("number")
    .where("role", "=", role)
    .orderBy("number", "desc")
    .limit(1)
    .offset(count - 1)
    .executeTakeFirst();
  return row?.number ?? null;
}

/** Roles that are no more. */
async function pruneStrangers(
  db: Transaction<InventoryTables>,
  roles: readonly string[],
  now: Instant,
): Promise<void> {
  if (roles.length === 0) return;
  await db
    .deleteFrom("decision")
    .where("role", "not in", roles)
    .where("at", "<", now - decisionsKeptMs)
    .execute();
}

/** Newest first. */
export async function readDecisions(
  db: Database,
  { role, from, to, before, limit }: DecisionFilter,
): Promise<readonly KeptDecision[]> {
  let query = db
    .selectFrom("decision")
    .selectAll()
    .where("at", ">=", from)
    .where("at", "<", to)
    .orderBy("number", "desc")
    .limit(limit);
  if (role !== undefined) query = query.where("role", "=", role);
  if (before !== undefined) query = query.where("number", "<", before);
  return (await query.execute()).map(fromRow);
}

/** By role, as they were written. */
export async function readDecisionStates(db: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom("decision_state").selectAll().execute();
  return new Map(rows.map(({ role, content }) => [role, content]));
}

function toRow({ role, at, from, to, ...content }: DecisionRecord): Omit<DecisionTable, "number"> {
  const targets = { machines_before: from, machines_after: to };
  return { role, at, ...targets, content: JSON.stringify(content) };
}

function fromRow(row: DecisionTable): KeptDecision {
  const { number, role, at, machines_before: from, machines_after: to } = row;
  type Content = Omit<DecisionRecord, "role" | "at" | "from" | "to">;
  return { number, role, at, from, to, ...(JSON.parse(row.content) as Content) };
}
