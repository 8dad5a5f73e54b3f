import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { OneOffRecord } from "../../src/core/one-offs/record.ts";
import type { DrillRecord } from "../../src/core/drills/record.ts";
import type { Change, MachineRecord } from "../../src/core/inventory.ts";
import type { Inventory } from "../../src/ports/inventory.ts";

/** What every Inventory must do. `open` opens the same one again each time it is called. */
export function describeInventory(name: string, open: () => Promise<Inventory>): void {
  describe(`${name} as an inventory`, () => {
    let inventory: Inventory;
    beforeEach(async () => {
      inventory = await open();
    });
    afterEach(() => inventory.close());

    const machine: MachineRecord = {
      name: "web-1",
      role: "web",
      number: 1,
      provider: "local",
      state: "launching",
      stateAt: 1_800_000_000_000,
      createdAt: 1_800_000_000_000,
      address: null,
      calledHomeAt: null,
      type: null,
      launchedAt: null,
      servingAt: null,
      reason: "web has 0 of 1",
      mark: null,
    };

    async function reopened(): Promise<Inventory> {
      await inventory.close();
      inventory = await open();
      return inventory;
    }

    it("keeps what was committed, and gives it back as it was", async () => {
      const role: Change = {
        kind: "role",
        role: {
          role: "web",
          target: 2,
          targetReason: "scaled by hand",
          targetAt: 5,
          pin: { machines: 2, until: 7 },
          revision: null,
          nextMachineNumber: 2,
          bootsMs: [12_500, 9_000],
          spendTold: { month: "2026-11", percent: 80 },
        },
      };
      await inventory.commit([{ kind: "machine", machine }, role], []);
      const before = inventory.state();
      const after = (await reopened()).state();
      assert.deepEqual(after, before);
      assert.deepEqual(after.machines.get("web-1"), machine);
    });

    it("keeps a command that was run once as it was, until it is forgotten", async () => {
      const oneOff: OneOffRecord = {
        id: 3,
        by: "ada",
        role: "web",
        machine: "web-1",
        revision: "abc",
        run: "echo 'ä'\nexit 7",
        timeoutMs: 60_000,
        state: "failed",
        exitCode: 7,
        lastLines: ["ä"],
        startedAt: 1_795_000_000_000,
        finishedAt: null,
      };
      await inventory.commit([{ kind: "one-off", oneOff }], []);
      assert.deepEqual((await reopened()).state().oneOffs.get(3), oneOff);
      await inventory.commit([{ kind: "one-off-gone", id: 3 }], []);
      assert.equal((await reopened()).state().oneOffs.has(3), false);
    });

    it("keeps a drill as it was, until it is forgotten", async () => {
      const count = { requests: 4_120, failed: 1 };
      const drill: DrillRecord = {
        id: 7,
        kind: "network",
        state: "missed",
        by: "ada",
        role: "web",
        machine: "web-1",
        startedAt: 1_800_000_000_000,
        finishedAt: null,
        goal: { failedMax: 0, detectedMs: null, replacedMs: 5_000, capacityMs: null },
        cutMs: 10_000,
        successor: null,
        limitMs: 60_000,
        before: {
          machines: ["web-1", "web-2"],
          serving: 2,
          nextServerId: 3,
          balancerProcess: null,
          epoch: 4,
          totals: { "lb-1/a": count },
        },
        milestones: { detectedAt: 5, replacedAt: null, capacityAt: null, reconnectedAt: null },
        probes: { ...count, outageMs: 20, slowestMs: 30, firstFailure: "status 503" },
        balancer: count,
        shortfalls: ["1 of the probes failed"],
      };
      await inventory.commit([{ kind: "drill", drill }], []);
      assert.deepEqual((await reopened()).state().drills.get(7), drill);
      await inventory.commit([{ kind: "drill-gone", id: 7 }], []);
      assert.equal((await reopened()).state().drills.has(7), false);
    });

    it("raises the generation with each commit of changes, and only then", async () => {
      const { generation } = inventory.state().settings;
      await inventory.commit([{ kind: "machine", machine }], []);
      await inventory.commit([], [{ at: 1, kind: "note", subject: "x", reason: "y" }]);
      assert.equal(inventory.state().settings.generation, generation + 1);
      assert.equal((await reopened()).state().settings.generation, generation + 1);
    });

    it("leaves the value it gave out as it was", async () => {
      const before = inventory.state();
      const count = before.machines.size;
      await inventory.commit([{ kind: "machine", machine: { ...machine, name: "web-9" } }], []);
      assert.equal(before.machines.size, count);
    });

    it("commits all or nothing", async () => {
      const before = inventory.state();
      const broken = { ...machine, name: "web-2", reason: null } as unknown as MachineRecord;
      const good: Change = { kind: "machine", machine: { ...machine, name: "web-3" } };
      await assert.rejects(inventory.commit([good, { kind: "machine", machine: broken }], []), {
        name: "Failure",
      });
      assert.equal(inventory.state(), before);
      assert.ok(!(await reopened()).state().machines.has("web-3"));
    });

    it("lets nobody write whose term is over, and nothing of it stays", async () => {
      const former = inventory;
      const before = former.state();
      inventory = await open();
      const late: Change = { kind: "machine", machine: { ...machine, name: "web-late" } };
      await assert.rejects(former.commit([late], []), { name: "Failure", code: "rejected" });
      assert.equal(former.state().machines, before.machines);
      await inventory.commit([{ kind: "machine", machine }], []);
      assert.ok(!(await reopened()).state().machines.has("web-late"));
      await former.close();
    });

    it("writes a row once however often a batch changes it, twice over", async () => {
      const batch: readonly Change[] = [
        { kind: "machine", machine },
        { kind: "machine", machine: { ...machine, state: "running" } },
        { kind: "machine-gone", name: "web-3", at: 9, isSeenGone: true },
      ];
      await inventory.commit(batch, []);
      await inventory.commit(batch, []);
      assert.equal((await reopened()).state().machines.get("web-1")?.state, "running");
    });

    it("tells its events newest first, by subject and after a number", async () => {
      const events = ["a", "b", "a"].map((subject, at) => ({
        at,
        kind: "note",
        subject,
        reason: `${at}`,
      }));
      await inventory.commit([], events);
      const all = await inventory.events({ limit: 2 });
      assert.deepEqual(
        all.map((event) => event.reason),
        ["2", "1"],
      );
      const ofA = await inventory.events({ subject: "a", limit: 10 });
      assert.ok(ofA.every((event) => event.subject === "a"));
      const newer = await inventory.events({ after: all[1]?.number ?? 0, limit: 10 });
      assert.deepEqual(
        newer.map((event) => event.reason),
        ["2"],
      );
    });
  });
}
