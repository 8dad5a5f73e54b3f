import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { sql } from "kysely";
import {
  openPostgresDatabase,
  openPostgresInventory,
  preparePostgres,
} from "../../src/adapters/inventory/postgres.ts";
import { createPostgresLease } from "../../src/adapters/inventory/postgres-lease.ts";
import type { Change } from "../../src/core/inventory.ts";
import { startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";
import { startTcpProxy } from "../harness/tcp-proxy.ts";
import { until } from "../harness/until.ts";

describe("PostgreSQL behind a wire that can be cut", () => {
  let server: PostgresServer;
  let url = "";

  before(async () => {
    server = await startPostgres();
  });
  beforeEach(async () => {
    url = await server.createDatabase();
    await preparePostgres(url);
  });
  after(() => server.stop());

  async function takeLease(holdMs: number): Promise<{ holder: string; epoch: number }> {
    const lease = createPostgresLease(url);
    const holder = randomUUID();
    const wish = { holder, url: "http://127.0.0.1:1", holdMs };
    const signal = new AbortController().signal;
    // Somebody's open transaction may hold the row for a while.
    const answer = await until("the lease", async () => {
      const said = await lease.take(wish, signal).catch(() => null);
      return said?.kind === "held" ? said : null;
    });
    await lease.close();
    return { holder, epoch: answer.epoch };
  }

  function role(target: number): Change {
    const record = { role: "web", target, targetReason: "by hand", targetAt: 1 };
    return {
      kind: "role",
      role: {
        ...record,
        pin: null,
        revision: null,
        nextMachineNumber: 1,
        spendTold: null,
        bootsMs: [],
      },
    };
  }

  it("a commit whose answer was lost is found, and nothing is written over it", async () => {
    const wire = await startTcpProxy(server.port);
    const through = new URL(url);
    through.port = `${wire.port}`;
    const inventory = await openPostgresInventory(through.href, "key", await takeLease(60_000));
    await inventory.commit([role(1)], []);
    const before = inventory.state();
    const committing = inventory.commit([role(2)], []);
    const direct = openPostgresDatabase(url);
    const isWritten = async (): Promise<boolean> => {
      const found = await direct.selectFrom("role").select("target").executeTakeFirst();
      return found?.target === 2;
    };
    // All but the last answer must pass: each statement waits for the one before.
    await wire.loseAnswerTo("commit", committing);
    assert.ok(await isWritten());
    assert.equal(inventory.state(), before);
    wire.mend();
    await assert.rejects(inventory.commit([role(3)], []), { code: "rejected" });
    assert.equal(inventory.state().roles.get("web")?.target, 2);
    await inventory.commit([role(3)], []);
    assert.equal(inventory.state().roles.get("web")?.target, 3);
    await direct.destroy();
    await inventory.close();
    await wire.close();
  });

  it("a leader that freezes in the middle of a commit does not keep its successor out", async () => {
    const term = await takeLease(-1);
    const frozen = openPostgresDatabase(url);
    const transaction = await frozen.startTransaction().execute();
    await sql`select epoch from lease where holder = ${term.holder} for share`.execute(transaction);
    const startedAt = performance.now();
    const next = await takeLease(60_000);
    assert.equal(next.epoch, term.epoch + 1);
    assert.ok(performance.now() - startedAt < 3_000);
    await transaction
      .rollback()
      .execute()
      .catch(() => undefined);
    await frozen.destroy();
  });
});
