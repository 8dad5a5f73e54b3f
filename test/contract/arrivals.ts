import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { arrivalsKeptMax } from "../../src/core/history/arrivals.ts";
import type { ArrivalsRecord } from "../../src/core/history/arrivals.ts";
import type { Inventory } from "../../src/ports/inventory.ts";

/** How every Inventory keeps what came. `open` opens the same one again each time it is called. */
export function describeArrivals(name: string, open: () => Promise<Inventory>): void {
  describe(`${name} as a memory of what came`, () => {
    let inventory: Inventory;
    beforeEach(async () => {
      inventory = await open();
    });
    afterEach(() => inventory.close());

    const startS = 1_795_000_200;
    const all = { fromS: 0, toS: 2 ** 31, limit: 10_000 };

    function aRecord(role: string, offset: number, known = 300): ArrivalsRecord {
      const rates = Array.from({ length: 300 }, (_, second) =>
        second < known ? 7 + offset : null,
      );
      return { role, startS: startS + offset * 300, known, mean: 7.25 + offset, rates };
    }

    async function reopened(): Promise<Inventory> {
      await inventory.close();
      inventory = await open();
      return inventory;
    }

    it("keeps each second, and the mean, as they were", async () => {
      const records = [aRecord("kept", 0), aRecord("kept", 1, 250)];
      await inventory.writeArrivals(records);
      const after = await reopened();
      assert.deepEqual(await after.arrivals({ ...all, role: "kept" }), records);
      const means = await after.arrivalsMeans();
      assert.deepEqual(
        means.filter(({ role }) => role === "kept"),
        records.map(({ role, startS, known, mean }) => ({ role, startS, known, mean })),
      );
    });

    it("gives parts, oldest first, of one role or of all", async () => {
      await inventory.writeArrivals([2, 0, 1].map((offset) => aRecord("part", offset)));
      await inventory.writeArrivals([aRecord("other", 1)]);
      const part = await inventory.arrivals({
        role: "part",
        fromS: startS + 300,
        toS: startS + 900,
        limit: 1,
      });
      assert.deepEqual(part, [aRecord("part", 1)]);
      const filter = { fromS: startS + 300, toS: startS + 600, limit: 10_000 };
      const both = (await inventory.arrivals(filter)).map(({ role }) => role);
      assert.ok(both.includes("part") && both.includes("other"));
    });

    it("keeps of the same five minutes the record that knows more", async () => {
      await inventory.writeArrivals([aRecord("twice", 0, 200)]);
      await inventory.writeArrivals([aRecord("twice", 0, 100)]);
      assert.equal((await inventory.arrivals({ ...all, role: "twice" }))[0]?.known, 200);
      await inventory.writeArrivals([aRecord("twice", 0, 300)]);
      assert.equal((await inventory.arrivals({ ...all, role: "twice" }))[0]?.known, 300);
    });

    it("keeps fifteen days of a role, and what it knew when the clock jumps ahead", async () => {
      const many = Array.from({ length: arrivalsKeptMax + 3 }, (_, offset) => ({
        ...aRecord("long", offset),
        rates: [1],
      }));
      await inventory.writeArrivals(many);
      const kept = await inventory.arrivals({ ...all, role: "long" });
      assert.equal(kept.length, arrivalsKeptMax);
      assert.equal(kept[0]?.startS, startS + 900);
      await inventory.writeArrivals([aRecord("long", 1_000_000)]);
      const after = await inventory.arrivals({ ...all, role: "long" });
      assert.equal(after.length, arrivalsKeptMax);
      assert.equal(after[0]?.startS, startS + 1_200);
    });

    it("forgets a role that has been gone for longer", async () => {
      await inventory.writeArrivals([aRecord("gone", 0)]);
      await inventory.writeArrivals([aRecord("goes on", arrivalsKeptMax + 1)]);
      assert.deepEqual(await inventory.arrivals({ ...all, role: "gone" }), []);
    });

    it("takes nothing from somebody whose term is over", async () => {
      const former = inventory;
      inventory = await open();
      const writing = former.writeArrivals([aRecord("late", 0)]);
      await assert.rejects(writing, { name: "Failure", code: "rejected" });
      assert.deepEqual(await inventory.arrivals({ ...all, role: "late" }), []);
      await former.close();
    });
  });
}
