import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aView,
  someRules,
  steadyResponses,
  type ViewWish,
} from "../../../test/harness/role-view.ts";
import { aRule, aStepRule, aTarget } from "../../../test/harness/rule-texts.ts";
import { decide } from "./decision.ts";
import type { ScalingPolicy } from "./policy.ts";
import { recompute } from "./rules/reasons.ts";
import type { Limits, Rules } from "./rules/rules.ts";
import { emptyDecisionState, type DecisionState } from "./rules/state.ts";

const NOW = 1_800_000_000;
const noLimits = someRules().limits;

function policyOf(rules: Partial<Rules>, bounds = { min: 1, max: 100 }): ScalingPolicy {
  return { rules: someRules(rules), bounds, aim: null };
}

/** A state that has seen `desired` for long enough. */
function settled(desired: number, nowS = NOW): DecisionState {
  return { ...emptyDecisionState, asked: { s: nowS - 1, desired } };
}

function desiredOf(policy: ScalingPolicy, view: ViewWish, state?: DecisionState): number {
  const seen = aView(NOW, view);
  const decision = decide(policy, state ?? settled(seen.pool.desired), seen, NOW);
  assert.equal(recompute(decision.reasons), decision.desired, "the reasons say something else");
  return decision.desired;
}

function sentencesOf(policy: ScalingPolicy, view: ViewWish, state?: DecisionState): string[] {
  const seen = aView(NOW, view);
  const { reasons } = decide(policy, state ?? settled(seen.pool.desired), seen, NOW);
  return reasons.map(({ step, sentence }) => `${step}: ${sentence}`);
}

describe("targets", () => {
  const cpu50 = policyOf({ targets: [aTarget("cpu", "50%")] });

  it("reckon as the Horizontal Pod Autoscaler: 2 at 90 % of a target of 50 % become 4", () => {
    assert.equal(desiredOf(cpu50, { ready: 2, metrics: { cpu: 0.9 } }), 4);
    assert.equal(desiredOf(cpu50, { ready: 2, metrics: { cpu: 0.55 } }), 2, "tolerance");
    assert.equal(desiredOf(cpu50, { ready: 2, metrics: { cpu: 0.551 } }), 3);
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: { cpu: 0.25 } }), 2);
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: { cpu: 0.45 } }), 4, "tolerance");
  });

  it("keep the highest need of the last 300 s, as it does", () => {
    const policy = policyOf({ targets: cpu50.rules.targets, limits: { ...noLimits, holdS: 300 } });
    let state = emptyDecisionState;
    let desired = 4;
    for (let s = 0; s <= 300; s += 1) {
      const cpu = s === 0 ? 0.9 : 0.1;
      const view = aView(NOW + s, { ready: desired, metrics: { cpu }, past: 35 });
      const decision = decide(policy, state, view, NOW + s);
      ({ desired, state } = decision);
      if (s < 300) assert.equal(desired, 8);
      else assert.ok(desired < 8);
      if (s === 299) assert.match(decision.reasons.at(-1)?.sentence ?? "", /^up to 8 were needed/);
    }
  });

  it("count booting machines as idle when they grow, and as busy when they shrink", () => {
    assert.equal(desiredOf(cpu50, { ready: 2, booting: 2, metrics: { cpu: 0.9 } }), 4);
    assert.equal(desiredOf(cpu50, { ready: 2, booting: 2, metrics: { cpu: 0.6 } }), 4);
    assert.equal(desiredOf(cpu50, { ready: 4, booting: 2, metrics: { cpu: 0.25 } }), 4);
  });

  it("of a sum per machine do not need a machine to be there for the sum", () => {
    const policy = policyOf({ targets: [aTarget("in_flight per machine", "2.8")] });
    assert.equal(desiredOf(policy, { ready: 4, busy: 20, queue: 10 }), 11);
    assert.equal(desiredOf(policy, { ready: 10, busy: 14 }), 5);
  });

  it("that are not known give nothing back", () => {
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: {} }), 4);
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: { cpu: null } }), 4);
    const stale = (second: number) => (second < NOW - 31 ? 0.1 : null);
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: { cpu: stale } }), 4);
    const lately = (second: number) => (second < NOW - 29 ? 0.1 : null);
    assert.equal(desiredOf(cpu50, { ready: 4, metrics: { cpu: lately } }), 1);
  });
});

describe("conditions", () => {
  const jam = policyOf({ when: [aRule("queue > 0 for 5s", "add max(2, 50%)", { name: "jam" })] });

  it("fire when each second of their time was so", () => {
    assert.equal(desiredOf(jam, { ready: 10, queue: 1 }), 15);
    assert.equal(desiredOf(jam, { ready: 2, queue: 1 }), 4);
    const gap = (second: number) => (second === NOW - 3 ? 0 : 1);
    assert.equal(desiredOf(jam, { ready: 10, queue: gap }), 10);
    const missing = (second: number) => (second === NOW - 3 ? null : 1);
    assert.equal(desiredOf(jam, { ready: 10, queue: missing }), 15, "four of five are enough");
    const few = (second: number) => (second >= NOW - 3 ? 1 : null);
    assert.equal(desiredOf(jam, { ready: 10, queue: few }), 10, "three of five are not");
  });

  it("ask once for the machines that boot, and again when they are there and it was not enough", () => {
    let state = emptyDecisionState;
    let desired = 4;
    const told: number[] = [];
    for (let s = 0; s < 30; s += 1) {
      const ready = s < 15 ? 4 : 6;
      const view = aView(NOW + s, { ready, desired, booting: desired - ready, queue: 3 });
      ({ desired, state } = decide(jam, state, view, NOW + s));
      if (told.at(-1) !== desired) told.push(desired);
    }
    assert.deepEqual(told, [6, 9]);
  });

  it("say why, and what would have changed it", () => {
    const policy = policyOf({
      targets: [aTarget("cpu", "65%")],
      when: [aRule("cpu > 85% for 20s", "add 3", { name: "hot" })],
    });
    const view = aView(NOW, { ready: 10, metrics: { cpu: 0.7 } });
    const decision = decide(policy, settled(10), view, NOW);
    assert.deepEqual(
      decision.reasons.map(({ rule, sentence }) => `${rule}: ${sentence}`),
      ["cpu: cpu is 70%, its target 65%", "hot: not cpu > 85% for 20s"],
    );
    assert.equal(decision.near, "cpu above 71.5% would want more: it is 70%");
  });

  it("with until stay true until then", () => {
    const policy = policyOf({
      when: [aRule("cpu > 70% until < 60%", "hold up"), aRule("queue > 0", "add 1")],
    });
    let state = emptyDecisionState;
    const told: number[] = [];
    for (const [s, cpu] of [0.65, 0.75, 0.65, 0.55, 0.65].entries()) {
      const at = NOW + s * 100;
      const view = aView(at, { ready: 4, queue: 1, past: 3, metrics: { cpu } });
      const decision = decide(policy, { ...state, fired: {} }, view, at);
      state = decision.state;
      told.push(decision.desired);
    }
    assert.deepEqual(told, [5, 4, 4, 5, 5]);
  });

  it("of percentiles need answers enough to tell them", () => {
    const policy = policyOf({ when: [aRule("p95(rt) > 600ms for 30s", "add 3")] });
    assert.equal(desiredOf(policy, { responses: steadyResponses(0.7, 2) }), 7);
    assert.equal(desiredOf(policy, { responses: steadyResponses(0.7, 1.9) }), 4);
    assert.equal(desiredOf(policy, { responses: steadyResponses(0.5, 100) }), 4);
  });

  it("that set a number want it as long as they hold", () => {
    const policy = policyOf({
      when: [aRule("in_flight < 10", "set 2"), aRule("in_flight > 100", "set 20")],
    });
    assert.deepEqual(
      [5, 50, 500].map((busy) => desiredOf(policy, { ready: 8, busy })),
      [2, 8, 20],
    );
  });
});

describe("steps", () => {
  it("follow the worked example of EC2 Auto Scaling: 10 → 11 → 14 → 13 → 10", () => {
    const table = { "<=30%": "-30%", "<=40%": "-10%", ">=60%": "+10%", ">=70%": "+30%" };
    const policy = policyOf({ when: [aStepRule("cpu", table)] });
    let state = settled(10);
    let desired = 10;
    const told = [0.6, 0.7, 0.4, 0.3].map((cpu, turn) => {
      const at = NOW + turn * 100;
      const view = aView(at, { ready: desired, metrics: { cpu } });
      ({ desired, state } = decide(policy, { ...state, asked: { s: at - 1, desired } }, view, at));
      // The example waits for the machines between its steps.
      state = { ...state, fired: {} };
      return desired;
    });
    assert.deepEqual(told, [11, 14, 13, 10]);
  });

  it("raise a wish that is not there yet from the same base", () => {
    const policy = policyOf({ when: [aStepRule("cpu", { ">60%": "+10%", ">70%": "+30%" })] });
    const first = decide(
      policy,
      settled(10),
      aView(NOW, { ready: 10, metrics: { cpu: 0.65 } }),
      NOW,
    );
    const view = aView(NOW + 5, { ready: 10, booting: 1, metrics: { cpu: 0.75 } });
    const second = decide(policy, first.state, view, NOW + 5);
    assert.deepEqual([first.desired, second.desired], [11, 13]);
  });
});

describe("fewer machines", () => {
  const quiet = aRule("cpu < 40%", "remove 1", { name: "quiet" });

  it("only when every voice agrees: up wins over none, none over down, the highest of equals (Nomad)", () => {
    const add = aRule("queue > 0", "add 2");
    const more = aRule("queue > 0", "add 5", { name: "more" });
    const none = aTarget("cpu", "30%");
    const calm: ViewWish = { ready: 6, metrics: { cpu: 0.3 } };
    assert.equal(desiredOf(policyOf({ when: [quiet, add, more] }), { ...calm, queue: 1 }), 11);
    assert.equal(desiredOf(policyOf({ when: [quiet], targets: [none] }), calm), 6);
    assert.equal(desiredOf(policyOf({ when: [quiet, add] }), calm), 5);
  });

  it("not when one of two metrics cannot be read (Nomad 562)", () => {
    const policy = policyOf({
      targets: [aTarget("cpu", "50%"), aTarget("in_flight per machine", "4")],
    });
    assert.equal(desiredOf(policy, { ready: 6, busy: 4, metrics: { cpu: 0.1 } }), 2);
    assert.equal(desiredOf(policy, { ready: 6, busy: 4, metrics: {} }), 6);
  });

  it("not when a rule would ask for them back at once: 575 × 3 / 2 is above 600 (Azure)", () => {
    const policy = policyOf({
      when: [
        aRule("in_flight per machine < 600", "remove 1"),
        aRule("in_flight per machine > 600", "add 1", { name: "up" }),
      ],
    });
    assert.equal(desiredOf(policy, { ready: 3, busy: 575 * 3 }), 3);
    assert.deepEqual(sentencesOf(policy, { ready: 3, busy: 575 * 3 }).slice(-1), [
      "flap: with fewer than 3, up would ask for more at once",
    ]);
    assert.equal(desiredOf(policy, { ready: 3, busy: 350 * 3 }), 2);
  });

  it("in between, where not all that would go may go", () => {
    const policy = policyOf({
      when: [aRule("cpu < 50%", "remove 90%"), aRule("cpu > 80%", "add 1")],
    });
    assert.equal(desiredOf(policy, { ready: 10, metrics: { cpu: 0.4 } }), 5);
  });

  it("not after somebody queued, not while machines arrive, not without a rule for it", () => {
    const policy = policyOf({ when: [quiet] });
    const calm: ViewWish = { ready: 6, metrics: { cpu: 0.1 } };
    const jam = (second: number) => (second === NOW - 29 ? 1 : 0);
    assert.equal(desiredOf(policy, { ...calm, queue: jam }), 6);
    assert.equal(desiredOf(policy, { ...calm, queue: (s) => (s === NOW - 31 ? 1 : 0) }), 5);
    const grown = { ...settled(7), grownAtS: NOW - 60 };
    assert.equal(desiredOf(policy, { ...calm, booting: 1 }, grown), 7);
    assert.equal(desiredOf(policy, { ...calm, booting: 1 }, { ...grown, grownAtS: NOW - 90 }), 6);
    assert.equal(desiredOf(policyOf({ when: [aRule("queue > 0", "add 1")] }), calm), 6);
  });

  it("not as the first thing somebody without a past does", () => {
    const policy = policyOf({
      targets: [aTarget("cpu", "50%")],
      limits: { ...noLimits, holdS: 600 },
    });
    assert.equal(desiredOf(policy, { ready: 6, metrics: { cpu: 0.1 } }, emptyDecisionState), 6);
  });
});

describe("limits", () => {
  const target = [aTarget("cpu", "50%")];
  const withLimits = (limits: Partial<Limits>): ScalingPolicy =>
    policyOf({ targets: target, limits: { ...noLimits, ...limits } });

  it("of pace, of launches and of time hold growth back", () => {
    const busy: ViewWish = { ready: 10, metrics: { cpu: 1 } };
    const pace = { share: 0.5, machines: 4, seconds: 30 };
    assert.equal(desiredOf(withLimits({ up: pace }), busy), 15);
    assert.equal(desiredOf(withLimits({ up: { ...pace, share: null } }), busy), 14);
    assert.equal(desiredOf(withLimits({ launches: { machines: 3, seconds: 600 } }), busy), 13);
    const justGrown = { ...settled(10), grownAtS: NOW - 19 };
    assert.equal(desiredOf(withLimits({ cooldownUpS: 20 }), busy, justGrown), 10);
    assert.equal(desiredOf(withLimits({ cooldownUpS: 19 }), busy, justGrown), 20);
  });

  it("hold shrinking back", () => {
    const calm: ViewWish = { ready: 10, metrics: { cpu: 0.1 } };
    const down = { share: 0.2, machines: null, seconds: 60 };
    assert.equal(desiredOf(withLimits({ down }), calm), 8);
    const justChanged = { ...settled(10), changedAtS: NOW - 59 };
    assert.equal(desiredOf(withLimits({ cooldownDownS: 60 }), calm, justChanged), 10);
  });

  it("do not hold the minimum back", () => {
    const policy = {
      ...withLimits({ launches: { machines: 1, seconds: 60 } }),
      bounds: { min: 8, max: 9 },
    };
    assert.equal(desiredOf(policy, { ready: 2, metrics: { cpu: 0.1 } }), 8);
    assert.equal(desiredOf(policy, { ready: 9, metrics: { cpu: 1 } }), 9);
  });
});

describe("vetoes, modes and money", () => {
  const target = [aTarget("cpu", "50%")];

  it("hold up stops growth, hold any change, up-only the other direction", () => {
    const busy: ViewWish = { ready: 4, metrics: { cpu: 1, memory: 0.9 } };
    const calm: ViewWish = { ready: 4, metrics: { cpu: 0.1, memory: 0.9 } };
    const full = (effect: string) =>
      policyOf({ targets: target, when: [aRule("memory > 80%", effect)] });
    assert.deepEqual([desiredOf(full("hold up"), busy), desiredOf(full("hold up"), calm)], [4, 1]);
    assert.deepEqual([desiredOf(full("hold"), busy), desiredOf(full("hold"), calm)], [4, 4]);
    const upOnly = policyOf({ targets: target, mode: "up-only" });
    assert.deepEqual([desiredOf(upOnly, busy), desiredOf(upOnly, calm)], [8, 4]);
  });

  it("off keeps what there is, within the bounds; shadow decides and does not act", () => {
    const off = policyOf({ targets: target, mode: "off" }, { min: 3, max: 9 });
    assert.equal(desiredOf(off, { ready: 5, metrics: { cpu: 1 } }), 5);
    assert.equal(desiredOf(off, { ready: 1, metrics: { cpu: 1 } }), 3);
    const shadow = policyOf({ targets: target, mode: "shadow" });
    const decision = decide(shadow, settled(4), aView(NOW, { ready: 4, metrics: { cpu: 1 } }), NOW);
    assert.deepEqual([decision.desired, decision.isActing], [8, false]);
  });

  it("money caps growth, and never the minimum", () => {
    const spend = { perHour: 2, perMonth: 100, currency: "USD", isCap: true } as const;
    const policy = policyOf({ targets: target, spend }, { min: 2, max: 100 });
    const busy: ViewWish = { ready: 10, metrics: { cpu: 1 } };
    const spent = (thisMonth: number): ViewWish => ({
      ...busy,
      spending: { machineHour: 0.1, thisMonth },
    });
    assert.equal(desiredOf(policy, spent(0)), 20);
    assert.equal(
      desiredOf(
        { ...policy, rules: { ...policy.rules, targets: [aTarget("cpu", "10%")] } },
        spent(0),
      ),
      20,
    );
    assert.equal(desiredOf(policy, spent(99)), 10);
    assert.equal(desiredOf(policy, spent(120)), 2);
    assert.equal(
      desiredOf(policyOf({ targets: target, spend: { ...spend, isCap: false } }), spent(120)),
      20,
    );
  });

  it("a schedule alone gives back what it no longer wants", () => {
    assert.equal(desiredOf(policyOf({}, { min: 2, max: 10 }), { ready: 6 }), 2);
  });
});
