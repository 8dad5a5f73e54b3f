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

  it("keeps what there is without figures", () => {
    const policy = { rules: someRules(), bounds, aim: aimPolicy(bounds) };
    const dark = aView(NOW, { ready: 7, arrivals: null, busy: null, queue: null });
    assert.equal(decide(policy, emptyDecisionState, dark, NOW).desired, 7);
  });
});
