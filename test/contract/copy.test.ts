import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readTables, writeTables } from "../../src/adapters/inventory/copy.ts";
import type { TablePart } from "../../src/adapters/inventory/copy.ts";
import { openPostgresDatabase } from "../../src/adapters/inventory/postgres.ts";
import { openSqliteDatabase, openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import type { Change, MachineRecord } from "../../src/core/inventory.ts";
import { aDecisionRecord } from "../harness/decision-record.ts";
import { startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";

const terms = { epochMin: 1, generationMin: 1 };
/** More than one part of a table, in an order that its first column alone does not give. */
const roles = ["a", "b", "c"];
const perRole = 4_000;
const startS = 1_795_000_200;

describe("a copy of the inventory", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-copy-"));
  const path = join(directory, "inventory.db");
  let server: PostgresServer;

  before(async () => {
    server = await startPostgres();
    const inventory = await openSqliteInventory(path, "key");
    for (const role of roles) {
      const records = Array.from({ length: perRole }, (_, n) => {
        return { role, startS: startS + n * 300, known: 300, mean: n, rates: [n, null] };
      });
      await inventory.writeArrivals(records);
    }
    const machine = { name: "web-1", role: "web", createdAt: 5, reason: "a test" };
    const record = { ...machine, number: 1, provider: "local", state: "running", stateAt: 5 };
    const nothing = { type: null, address: null, calledHomeAt: null, mark: null };
    const whole = { ...record, ...nothing, launchedAt: null, servingAt: null } as MachineRecord;
    const changes: readonly Change[] = [{ kind: "machine", machine: whole }];
    await inventory.commit(changes, []);
    await inventory.commit([{ kind: "machine-gone", name: "web-1", at: 9, isSeenGone: true }], []);
    const states = new Map([["a", "1"]]);
    await inventory.writeDecisions({ at: 5, states, records: [aDecisionRecord({ role: "a" })] });
    await inventory.close();
  });
  after(async () => {
    rmSync(directory, { recursive: true });
    await server.stop();
  });

  async function* kept(parts: AsyncIterable<TablePart>, into: TablePart[]) {
    for await (const part of parts) {
      into.push(part);
      yield part;
    }
  }

  it("has every five minutes and every rental, to PostgreSQL and back", async () => {
    const from = openSqliteDatabase(path);
    const there = openPostgresDatabase(await server.createDatabase());
    const back = openSqliteDatabase(join(directory, "back.db"));
    const [first, second]: [TablePart[], TablePart[]] = [[], []];
    await writeTables(there, "postgres", kept(readTables(from, "sqlite"), first), terms);
    await writeTables(back, "sqlite", kept(readTables(there, "postgres"), second), terms);
    const rowsOf = (parts: readonly TablePart[], table: string): readonly object[] =>
      parts.flatMap((part) => (part.table === table ? part.rows : [])).map((row) => ({ ...row }));
    for (const table of ["arrivals", "rental", "decision", "decision_state"]) {
      assert.deepEqual(rowsOf(second, table), rowsOf(first, table), table);
    }
    assert.equal(rowsOf(second, "arrivals").length, roles.length * perRole);
    assert.deepEqual(rowsOf(second, "rental").length, 1);
    assert.deepEqual(rowsOf(second, "decision").length, 1);
    await Promise.all([from.destroy(), there.destroy(), back.destroy()]);
    const inventory = await openSqliteInventory(join(directory, "back.db"), "key");
    assert.equal(inventory.state().rentals.get("web-1 5")?.to, 9);
    const some = await inventory.arrivals({ role: "c", fromS: startS, toS: startS + 1, limit: 9 });
    assert.deepEqual(some[0]?.rates, [0, null]);
    await inventory.close();
  });
});
