import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addOldWorker, nextDrainStep, type Drain } from "./draining.ts";

const drain: Drain = { key: "web/a", since: 1_000, workers: new Set([5]), isDrained: false };
const pool = { drainMs: 10_000, stickyCookie: null };
const sticky = { ...pool, stickyCookie: "SERVER" };
const idle = { scur: "0", qcur: "0", status: "DRAIN" };
const busy = { ...idle, scur: "2" };

describe("a server that drains", () => {
  it("waits for its requests, and for every worker that may still send it some", () => {
    assert.equal(nextDrainStep(drain, pool, busy, [], 2_000).kind, "wait");
    assert.equal(nextDrainStep(drain, pool, { ...idle, qcur: "1" }, [], 2_000).kind, "wait");
    assert.equal(nextDrainStep(drain, pool, idle, [5], 2_000).kind, "wait");
    assert.equal(nextDrainStep(drain, pool, null, [5], 2_000).kind, "wait");
    assert.equal(nextDrainStep(drain, pool, idle, [6], 2_000).kind, "delete");
    assert.equal(nextDrainStep(drain, pool, null, [], 2_000).kind, "delete");
  });

  it("is cut off when its time is over", () => {
    assert.equal(nextDrainStep(drain, pool, busy, [5], 10_999).kind, "wait");
    assert.equal(nextDrainStep(drain, pool, busy, [5], 11_000).kind, "cut");
  });

  it("turns sticky visitors away once, after a moment", () => {
    assert.equal(nextDrainStep(drain, sticky, busy, [], 1_400).kind, "wait");
    assert.equal(nextDrainStep(drain, sticky, busy, [], 1_500).kind, "turn away");
    const away = { ...busy, status: "MAINT" };
    assert.equal(nextDrainStep(drain, sticky, away, [], 1_600).kind, "wait");
  });

  it("waits for the former worker too when a reload comes in between", () => {
    const drains = new Map([
      ["web/a", drain],
      ["web/b", { ...drain, key: "web/b", isDrained: true }],
    ]);
    const after = addOldWorker(drains, 9);
    assert.deepEqual([...(after.get("web/a")?.workers ?? [])], [5, 9]);
    assert.deepEqual([...(after.get("web/b")?.workers ?? [])], [5]);
  });
});
