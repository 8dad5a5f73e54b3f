import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aView, someRules } from "../../../test/harness/role-view.ts";
import { aRule } from "../../../test/harness/rule-texts.ts";
import { aimPolicy } from "./aim-policy.ts";
import { decide } from "./decision.ts";
import { emptyDecisionState } from "./rules/state.ts";

const NOW = 1_800_000_000;
const bounds = { min: 1, max: 50 };

describe("aimPolicy", () => {
  it("is a voice beside the rules, with a memory that is plain data", () => {
    const policy = { rules: someRules(), bounds, aim: aimPolicy(bounds) };
    const busy = { ready: 2, arrivals: 100, busy: 20, queue: 4 };
    const decision = decide(policy, emptyDecisionState, aView(NOW, busy), NOW);
    assert.ok(decision.desired > 5, String(decision.desired));
    assert.match(decision.reasons[0]?.sentence ?? "", /100 requests a second are expected/);
    assert.deepEqual(JSON.parse(JSON.stringify(decision.state)), decision.state);
    const guard = [aRule("queue > 0", "hold up")];
    const held = { ...policy, rules: someRules({ when: guard }) };
    assert.equal(decide(held, emptyDecisionState, aView(NOW, busy), NOW).desired, 2);
  });

  it("holds what was needed across a time that nobody saw, and no longer than it would have", () => {
    const holdS = 600;
    const policy = { rules: someRules(), bounds, aim: aimPolicy(bounds, holdS) };
    for (const awayS of [20, 900, 86_400, -3_600]) {
      let state = emptyDecisionState;
      let desired = 2;
      const live = (from: number, seconds: number, arrivals: number): void => {
        for (let nowS = from; nowS < from + seconds; nowS += 1) {
          const view = aView(nowS, { ready: desired, arrivals, busy: arrivals / 5, past: 90 });
          ({ state, desired } = decide(policy, state, view, nowS));
        }
      };
      live(NOW, 90, 200);
      const grown = desired;
      assert.ok(grown > 10, `${grown}`);
      live(NOW + 90 + awayS, 300, 5);
      assert.equal(desired, grown, `away for ${awayS} s`);
      live(NOW + 390 + awayS, 700, 5);
      assert.ok(desired < grown / 2, `${desired} after ${awayS} s`);
    }
  });

  it("keeps what there is without figures", () => {
    const policy = { rules: someRules(), bounds, aim: aimPolicy(bounds) };
    const dark = aView(NOW, { ready: 7, arrivals: null, busy: null, queue: null });
    assert.equal(decide(policy, emptyDecisionState, dark, NOW).desired, 7);
  });
});
