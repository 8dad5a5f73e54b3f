import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import type { Change, InventoryState } from "../../core/inventory.ts";
import { Failure } from "../../ports/failure.ts";
import { openSqliteInventory } from "./sqlite.ts";

const frameBytes = 4_096 + 24;
const headerBytes = 32;
const commits = 6;

function role(target: number): readonly Change[] {
  const reason = "long enough to fill a page now and then ".repeat(40);
  return ["web", "api", "jobs"].map((name) => ({
    kind: "role",
    role: {
      role: name,
      target,
      targetReason: reason,
      targetAt: target,
      pin: null,
      revision: null,
      nextMachineNumber: target,
      bootsMs: [],
      spendTold: null,
    },
  }));
}

/** What a commit must keep together: three rows and the settings. */
function stateOf(state: InventoryState): string {
  return JSON.stringify([state.settings.generation, [...state.roles.values()]]);
}

describe("an inventory's file, cut short", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-torn-"));
  const [kept, place] = [join(directory, "kept.db"), join(directory, "torn.db")];
  const states: string[] = [];
  let wal: Buffer = Buffer.alloc(0);

  before(async () => {
    const path = join(directory, "inventory.db");
    const first = await openSqliteInventory(path, "key");
    await first.commit(role(0), []);
    states.push(stateOf(first.state()));
    await first.close();
    const inventory = await openSqliteInventory(path, "key");
    for (let turn = 1; turn <= commits; turn++) {
      await inventory.commit(role(turn), []);
      states.push(stateOf(inventory.state()));
    }
    copyFileSync(path, kept);
    wal = readFileSync(`${path}-wal`);
    await inventory.close();
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function stateAfter(file: Buffer, journal: Buffer): Promise<string> {
    rmSync(`${place}-shm`, { force: true });
    writeFileSync(place, file);
    writeFileSync(`${place}-wal`, journal);
    const inventory = await openSqliteInventory(place, "key");
    try {
      return stateOf(inventory.state());
    } finally {
      await inventory.close();
    }
  }

  it("is one of the committed states wherever the journal ends, and no older one for a longer journal", async () => {
    const file = readFileSync(kept);
    const frames = Math.floor((wal.length - headerBytes) / frameBytes);
    assert.ok(frames > commits, `${frames} frames`);
    let newest = 0;
    for (let frame = 0; frame <= frames; frame++) {
      for (const beyond of frame % 4 === 0 ? [-1, 0, 1, 2_000] : [0]) {
        const end = Math.max(0, Math.min(wal.length, headerBytes + frame * frameBytes + beyond));
        const found = states.indexOf(await stateAfter(file, wal.subarray(0, end)));
        assert.ok(found >= 0, `no committed state with ${end} bytes of journal`);
        if (beyond >= 0) {
          assert.ok(found >= newest, `back to ${found} with ${end} bytes of journal`);
          newest = found;
        }
      }
    }
    assert.equal(newest, commits);
  });

  it("is one of the committed states when anything follows the journal's end", async () => {
    const file = readFileSync(kept);
    const cut = fc.record({
      end: fc.integer({ min: 0, max: wal.length }),
      garbage: fc.uint8Array({ maxLength: 9_000 }),
      isZeros: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cut, async ({ end, garbage, isZeros }) => {
        const tail = isZeros ? Buffer.alloc(garbage.length) : Buffer.from(garbage);
        const state = await stateAfter(file, Buffer.concat([wal.subarray(0, end), tail]));
        assert.ok(states.includes(state));
      }),
      { numRuns: 40 },
    );
  });

  it("is told as a failure when the file itself is cut, and never read as an empty one", async () => {
    const file = readFileSync(kept);
    const ends = [0, 1, 99, 100, 4_095, 4_096, 8_192, 12_288, Math.floor(file.length / 2)];
    for (const end of ends) {
      const state = await stateAfter(file.subarray(0, end), Buffer.alloc(0)).catch((error) => {
        assert.ok(error instanceof Failure, String(error));
        assert.match(error.message, /^Cannot /);
        return null;
      });
      assert.ok(state === null || states.includes(state), `another state with ${end} bytes`);
    }
  });

  it("is not made anew where a journal is left, and is whole or not there when it is new", async () => {
    rmSync(place, { force: true });
    writeFileSync(`${place}-wal`, wal);
    await assert.rejects(openSqliteInventory(place, "key"), { code: "rejected" });
    rmSync(`${place}-wal`);
    // Left by somebody who was ended while making it.
    for (const part of ["", "-wal", "-shm"]) writeFileSync(`${place}.new${part}`, "torn");
    const inventory = await openSqliteInventory(place, "key");
    await inventory.commit(role(1), []);
    await inventory.close();
  });
});
