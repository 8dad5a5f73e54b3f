import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aDecisionRecord, aReason } from "../../test/harness/decision-record.ts";
import type { Decided } from "./client.ts";
import { decisionCells, renderDecision, renderSilence } from "./decision-view.ts";

function decided(wish: Parameters<typeof aDecisionRecord>[0] = {}): Decided {
  const { reasons, ...record } = aDecisionRecord({
    at: Date.UTC(2026, 10, 21, 14, 3, 12),
    ...wish,
  });
  return { number: 7, ...record, steps: reasons };
}

describe("a decision as it is told", () => {
  it("says inputs, rules, clamps, result, and what would have changed it", () => {
    const clamp = { step: "bounds", rule: null, before: 4, after: 3 } as const;
    const sentence = "the site file allows at most 3";
    const steps = [aReason(), aReason({ ...clamp, amount: 3, operation: "at most", sentence })];
    assert.deepEqual(renderDecision(decided({ from: 2, to: 3, wanted: 3, reasons: steps })), [
      "web: 3 machines instead of 2, decided 2026-11-21 14:03:12 UTC: 41 requests a second are expected",
      "seen: 41 requests/s, 8.5 in flight, 0 queued; 4 machines ready, 0 booting",
      "learned: a request takes 200 ms, and 22% of room is kept",
      "steps:",
      "  0 → 4   aim: 41 requests a second are expected",
      "  4 → 3   bounds: the site file allows at most 3",
      "near: queue > 0: it is 0",
    ]);
  });

  it("says when nothing was seen, and when somebody else decided", () => {
    const inputs = { arrivals: null, inFlight: null, queue: null, ready: 1, booting: 2 };
    const blind = { ...inputs, serviceS: null, margin: null };
    const pin = { by: "pin", to: 6, wanted: 4, sentence: "pinned to 6" } as const;
    assert.deepEqual(renderDecision(decided({ ...pin, inputs: blind, near: null })).slice(1, 3), [
      "the rules wanted 4; the pin decides",
      "seen: nothing fresh from a balancer; 1 machine ready, 2 booting",
    ]);
    assert.equal(decisionCells(decided({ inputs: blind }))[3], "blind");
  });

  it("warns where nobody decided afterwards", () => {
    const decision = decided();
    assert.deepEqual(renderSilence(decision, decision.at + 590_000), []);
    assert.match(renderSilence(decision, decision.at + 7_200_000)[0] ?? "", /in the 2 h after it/);
  });
});
