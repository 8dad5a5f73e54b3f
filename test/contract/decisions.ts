import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  decisionsKeptMax,
  decisionsKeptMin,
  decisionsKeptMs,
} from "../../src/core/scaling/decision-record.ts";
import type { DecisionRecord } from "../../src/core/scaling/decision-record.ts";
import type { Inventory } from "../../src/ports/inventory.ts";
import { aDecisionRecord } from "../harness/decision-record.ts";

/** How every Inventory keeps what was decided. `open` opens the same one again each time it is called. */
export function describeDecisions(name: string, open: () => Promise<Inventory>): void {
  describe(`${name} as a memory of what was decided`, () => {
    let inventory: Inventory;
    beforeEach(async () => {
      inventory = await open();
    });
    afterEach(() => inventory.close());

    const at = 1_795_000_200_000;
    const none: ReadonlyMap<string, string> = new Map();
    const all = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 20_000 };

    async function numbersOf(role: string): Promise<readonly number[]> {
      return (await inventory.decisions({ ...all, role })).map(({ wanted }) => wanted);
    }

    function some(role: string, count: number, firstAt = at): readonly DecisionRecord[] {
      return Array.from({ length: count }, (_, n) =>
        aDecisionRecord({ role, at: firstAt + n, wanted: n }),
      );
    }

    it("keeps every part of it, newest first, and gives it page by page", async () => {
      const records = some("told", 3);
      await inventory.writeDecisions({ at, states: none, records });
      await inventory.close();
      inventory = await open();
      const [newest, ...older] = await inventory.decisions({ ...all, role: "told", limit: 2 });
      assert.ok(newest !== undefined);
      const { number, ...record } = newest;
      assert.deepEqual(record, records[2]);
      assert.deepEqual(
        older.map(({ wanted }) => wanted),
        [1],
      );
      const last = await inventory.decisions({ ...all, role: "told", before: number - 1 });
      assert.deepEqual(
        last.map(({ wanted }) => wanted),
        [0],
      );
      const between = await inventory.decisions({
        role: "told",
        from: at + 1,
        to: at + 2,
        limit: 9,
      });
      assert.deepEqual(
        between.map(({ wanted }) => wanted),
        [1],
      );
    });

    it("keeps where each role stands, and forgets a role that is no more", async () => {
      const { generation } = inventory.state().settings;
      await inventory.writeDecisions({
        at,
        states: new Map([
          ["a", "1"],
          ["b", "2"],
        ]),
        records: [],
      });
      await inventory.writeDecisions({
        at,
        states: new Map([
          ["b", "3"],
          ["c", "4"],
        ]),
        records: [],
      });
      await inventory.close();
      inventory = await open();
      const states = [...(await inventory.decisionStates())].toSorted(([a], [b]) =>
        a < b ? -1 : 1,
      );
      assert.deepEqual(states, [
        ["b", "3"],
        ["c", "4"],
      ]);
      assert.equal(inventory.state().settings.generation, generation);
      await inventory.writeDecisions({ at, states: none, records: [] });
      assert.equal((await inventory.decisionStates()).size, 0);
    });

    it("keeps fifteen days, and the newest even when the clock jumps ahead", async () => {
      const states = new Map([["days", "1"]]);
      const records = some("days", decisionsKeptMin + 5);
      await inventory.writeDecisions({ at, states, records });
      assert.equal((await numbersOf("days")).length, decisionsKeptMin + 5);
      const later = at + decisionsKeptMs + 1_000_000;
      await inventory.writeDecisions({ at: later, states, records: some("days", 1, later) });
      const kept = await numbersOf("days");
      assert.equal(kept.length, decisionsKeptMin);
      assert.deepEqual(kept.slice(0, 2), [0, decisionsKeptMin + 4]);
    });

    it("keeps so many of a role that changes all the time", async () => {
      const records = some("wild", decisionsKeptMax + 7);
      await inventory.writeDecisions({ at, states: none, records });
      const kept = await numbersOf("wild");
      assert.equal(kept.length, decisionsKeptMax);
      assert.equal(kept.at(-1), 7);
    });

    it("forgets in the end what was decided for a role that is no more", async () => {
      await inventory.writeDecisions({ at, states: none, records: some("gone", 1) });
      const later = at + decisionsKeptMs + 1_000;
      const states = new Map([["here", "1"]]);
      await inventory.writeDecisions({ at: later, states, records: some("here", 1, later) });
      assert.deepEqual(await numbersOf("gone"), []);
    });

    it("takes nothing from somebody whose term is over", async () => {
      const former = inventory;
      inventory = await open();
      const writing = former.writeDecisions({ at, states: none, records: some("late", 1) });
      await assert.rejects(writing, { name: "Failure", code: "rejected" });
      assert.deepEqual(await numbersOf("late"), []);
      await former.close();
    });
  });
}
