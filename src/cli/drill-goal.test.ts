import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readGoal } from "./drill-goal.ts";

describe("the goal of a drill", () => {
  it("is the kind's where nothing is said", () => {
    const none = { detectedMs: null, capacityMs: null };
    assert.deepEqual(readGoal("machine", null), { failedMax: 0, replacedMs: 30_000, ...none });
    assert.deepEqual(readGoal("balancer", null), { failedMax: null, replacedMs: 5_000, ...none });
  });

  it("takes what is said of each part", () => {
    assert.deepEqual(readGoal("machine", "failed=3, noticed=500ms,replaced=any,whole=1m"), {
      failedMax: 3,
      detectedMs: 500,
      replacedMs: null,
      capacityMs: 60_000,
    });
  });

  it("refuses everything else, with an example", () => {
    for (const text of [
      "failed",
      "failed=-1",
      "failed=x",
      "replaced=soon",
      "lost=1s",
      "whole=",
      "toString=1s",
    ])
      assert.throws(() => readGoal("machine", text), /--goal needs parts such as failed=0/, text);
  });
});
