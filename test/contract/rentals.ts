import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Change, MachineRecord } from "../../src/core/inventory.ts";
import type { Inventory } from "../../src/ports/inventory.ts";

/** How every Inventory keeps what machines are paid for. `open` opens the same one again each time it is called. */
export function describeRentals(name: string, open: () => Promise<Inventory>): void {
  describe(`${name} as a ledger`, () => {
    let inventory: Inventory;
    beforeEach(async () => {
      inventory = await open();
    });
    afterEach(() => inventory.close());

    const from = 1_800_000_000_000;

    function launched(machine: string, createdAt: number): Change {
      const record: MachineRecord = {
        name: machine,
        role: "web",
        number: 1,
        provider: "local",
        type: "t3.micro",
        state: "launching",
        stateAt: createdAt,
        createdAt,
        address: null,
        calledHomeAt: null,
        launchedAt: createdAt,
        servingAt: null,
        reason: "web has 0 of 1",
        mark: null,
      };
      return { kind: "machine", machine: record };
    }

    const gone = (machine: string, at: number, isSeenGone = true): Change => ({
      kind: "machine-gone",
      name: machine,
      at,
      isSeenGone,
    });

    async function reopened(): Promise<Inventory> {
      await inventory.close();
      inventory = await open();
      return inventory;
    }

    it("ends a rental with the record of its machine, once, and keeps it over restarts", async () => {
      await inventory.commit([launched("ledger-1", from)], []);
      assert.deepEqual(inventory.state().rentals.size, 0);
      const after = await reopened();
      await after.commit([gone("ledger-1", from + 5_000)], []);
      await after.commit([gone("ledger-1", from + 9_000)], []);
      const rental = {
        machine: "ledger-1",
        role: "web",
        provider: "local",
        type: "t3.micro",
        from,
        to: from + 5_000,
        leftAt: null,
      };
      assert.deepEqual([...after.state().rentals.values()], [rental]);
      const before = after.state();
      assert.deepEqual((await reopened()).state(), before);
      const all = await inventory.rentals({ from: 0, to: from * 2, limit: 10 });
      assert.deepEqual(all, [rental]);
    });

    it("keeps both of two machines of one name, and one that came and went in one commit", async () => {
      const both = [launched("ledger-2", from), gone("ledger-2", from + 1)];
      await inventory.commit(both, []);
      await inventory.commit([launched("ledger-2", from + 10)], []);
      await inventory.commit([gone("ledger-2", from + 20)], []);
      const all = await inventory.rentals({ from: 0, to: from * 2, limit: 10 });
      const spans = all.filter(({ machine }) => machine === "ledger-2");
      assert.deepEqual(
        spans.map((one) => [one.from - from, (one.to ?? 0) - from]),
        [
          [0, 1],
          [10, 20],
        ],
      );
      assert.deepEqual([...(await reopened()).state().rentals.keys()].toSorted(), [
        `ledger-1 ${from}`,
        `ledger-2 ${from}`,
        `ledger-2 ${from + 10}`,
      ]);
    });

    it("gives those that touch a time", async () => {
      const spans = async (since: number, to: number): Promise<readonly string[]> => {
        const some = await inventory.rentals({ from: from + since, to: from + to, limit: 10 });
        return some.map((one) => `${one.machine} ${one.from - from}`);
      };
      assert.deepEqual(await spans(2, 10), ["ledger-1 0"]);
      assert.deepEqual(await spans(20, 30), ["ledger-1 0", "ledger-2 10"]);
      assert.deepEqual(await spans(5_001, 9_000), []);
      const first = await inventory.rentals({ from: 0, to: from * 2, limit: 1 });
      assert.equal(first.length, 1);
    });

    it("goes on with a machine that was given up, over restarts, until it is seen to be gone", async () => {
      await inventory.commit([launched("ledger-5", from)], []);
      await inventory.commit([gone("ledger-5", from + 50, false)], []);
      const key = `ledger-5 ${from}`;
      const left = (await reopened()).state().rentals.get(key);
      assert.deepEqual([left?.to, left?.leftAt], [null, from + 50]);
      const late = await inventory.rentals({ from: from * 2, to: from * 3, limit: 10 });
      assert.deepEqual(late, [left]);
      assert.ok(left);
      await inventory.commit([{ kind: "rental", rental: { ...left, to: from + 90 } }], []);
      assert.equal((await reopened()).state().rentals.get(key)?.to, from + 90);
    });

    it("writes no end of what was not committed", async () => {
      const broken = { ...launched("ledger-3", from), machine: null } as unknown as Change;
      await assert.rejects(async () => inventory.commit([gone("ledger-3", from), broken], []));
      const former = inventory;
      await inventory.commit([launched("ledger-4", from)], []);
      inventory = await open();
      await assert.rejects(former.commit([gone("ledger-4", from + 1)], []), { code: "rejected" });
      assert.ok(inventory.state().machines.has("ledger-4"));
      const all = await inventory.rentals({ from: 0, to: from * 2, limit: 10 });
      assert.ok(!all.some(({ machine }) => machine === "ledger-4"));
      await former.close();
    });
  });
}
