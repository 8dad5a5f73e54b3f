import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Inventory } from "../ports/inventory.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import { removeStrayReleases } from "./stray-releases.ts";

describe("archives at the start of a controller", () => {
  it("that no record names are removed, and no others", async () => {
    const kept = new Set(["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"]);
    const releases = {
      list: async () => [...kept],
      remove: async (id: string) => void kept.delete(id),
    } as unknown as ReleaseStore;
    const inventory = {
      state: () => ({ releases: new Map([["bbbbbbbbbbbb", {}]]) }),
    } as unknown as Inventory;
    await removeStrayReleases(releases, inventory);
    await removeStrayReleases(releases, inventory);
    assert.deepEqual([...kept], ["bbbbbbbbbbbb"]);
  });
});
