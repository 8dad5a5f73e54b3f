import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { describeSlot, freeSlot, readSlots, takeSlot } from "./slots.ts";

describe("a local machine's slot", () => {
  it("never shares an address or a port with another of its site, and stays out of the system's own", () => {
    fc.assert(
      fc.property(fc.string(), (siteId) => {
        const slots = Array.from({ length: 780 }, (_, number) =>
          describeSlot(siteId, number, true),
        );
        assert.equal(new Set(slots.map((it) => it.address)).size, slots.length);
        for (const [number, slot] of slots.entries()) {
          const parts = slot.address.split(".").map(Number);
          assert.ok(parts.every((part) => part >= 0 && part <= 254) && parts[1] !== 0);
          const nextFirst = slots[number + 1]?.ports.first ?? 32_768;
          assert.ok(slot.ports.first < slot.ports.last && slot.ports.last < nextFirst);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("is kept by name, and the lowest free one is taken", () => {
    const directory = mkdtempSync(join(tmpdir(), "tidemill-slots-"));
    try {
      assert.deepEqual([...readSlots(directory)], []);
      const taken = ["a", "b", "c", "b"].map((name) => takeSlot(directory, name));
      assert.deepEqual(taken, [0, 1, 2, 1]);
      freeSlot(directory, 1);
      freeSlot(directory, 1);
      assert.equal(takeSlot(directory, "d"), 1);
      assert.equal(readSlots(directory).get("d"), 1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
