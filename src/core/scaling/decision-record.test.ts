import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aDecisionRecord, aReason } from "../../../test/harness/decision-record.ts";
import { isNews } from "./decision-record.ts";
import type { DecisionRecord } from "./decision-record.ts";

const last = aDecisionRecord();
const after = (ms: number, wish: Partial<DecisionRecord> = {}): DecisionRecord => ({
  ...last,
  at: last.at + ms,
  ...wish,
});
const byRule = { reasons: [aReason({ rule: "jam", sentence: "queue > 0: it is 3" })] };
const blind = { inputs: { ...last.inputs, arrivals: null } };

describe("whether a decision is news", () => {
  it("is, when it is the first, another number, or somebody else's", () => {
    assert.ok(isNews(null, last));
    assert.ok(isNews(last, after(1_000, { to: 5 })));
    assert.ok(isNews(last, after(1_000, { wanted: 5 })));
    assert.ok(isNews(last, after(1_000, { by: "pin" })));
    assert.ok(isNews(last, after(1_000, { from: 6 })), "somebody has set six");
  });

  it("is not for figures and sentences that change each second", () => {
    const reasons = [aReason({ sentence: "42 requests a second are expected" })];
    const inputs = { ...last.inputs, arrivals: 42 };
    for (let ms = 1_000; ms < 300_000; ms += 1_000) {
      assert.ok(!isNews(last, after(ms, { sentence: "another", reasons, inputs })), `${ms}`);
    }
    assert.ok(isNews(last, after(300_000, { reasons, inputs })));
    assert.ok(isNews(last, after(-300_000, { reasons, inputs })));
  });

  it("is for another rule and for figures that are missing, but not each second", () => {
    for (const wish of [byRule, blind]) {
      assert.ok(!isNews(last, after(14_000, wish)));
      assert.ok(isNews(last, after(15_000, wish)));
    }
  });

  it("is not that what was wanted is there", () => {
    const grown = after(0, { from: 3 });
    assert.ok(!isNews(grown, after(1_000)));
  });

  it("is not again for a change that a guard refuses each second", () => {
    const refused = after(0, { from: 4, to: 6, wanted: 6 });
    assert.ok(!isNews(refused, { ...refused, at: refused.at + 1_000 }));
  });
});
