import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aView, someRules } from "../../../test/harness/role-view.ts";
import { aRule, aTarget } from "../../../test/harness/rule-texts.ts";
import { aimPolicy } from "./aim-policy.ts";
import { decide } from "./decision.ts";
import { readState, writeState } from "./kept-state.ts";
import type { ScalingPolicy } from "./policy.ts";
import { emptyDecisionState } from "./rules/state.ts";
import type { DecisionState } from "./rules/state.ts";

const NOW = 1_800_000_000;
const bounds = { min: 1, max: 50 };
const when = [aRule("queue > 5 until < 1", "add 3"), aRule("cpu > 50%", "add 1")];
const targets = [aTarget("cpu", "50%")];
const limits = {
  holdS: 600,
  up: { machines: 50, share: null, seconds: 60 },
  down: { machines: 1, share: null, seconds: 60 },
  cooldownUpS: 0,
  cooldownDownS: 60,
  launches: null,
};
const policy: ScalingPolicy = {
  rules: someRules({ when, targets, limits }),
  bounds,
  aim: aimPolicy(bounds),
};

/** After a crowd that came, waited and went: everything that a state can hold. */
function aState(): DecisionState {
  let state = emptyDecisionState;
  let desired = 2;
  for (let second = 0; second < 120; second += 1) {
    const isCrowd = second > 80 && second < 100;
    const decision = decide(
      policy,
      state,
      aView(NOW + second, {
        ready: desired,
        arrivals: (at) => (at > NOW + 80 && at < NOW + 100 ? 400 : 40),
        busy: isCrowd ? 80 : 8,
        queue: isCrowd ? 30 : 0,
        metrics: { cpu: isCrowd ? 0.9 : 0.3 },
      }),
      NOW + second,
    );
    ({ state, desired } = decision);
  }
  return state;
}

describe("a state that is kept", () => {
  const state = aState();

  it("comes back as it was", () => {
    assert.ok(state.needs.length > 0 && Object.keys(state.fired).length > 0);
    assert.notEqual((state.aim as { alarm: unknown }).alarm, null);
    assert.deepEqual(readState(writeState(state)), state);
    assert.deepEqual(readState(writeState(emptyDecisionState)), emptyDecisionState);
  });

  it("counts as none when it is of another form, too long, or no state at all", () => {
    const other = JSON.stringify({ ...(JSON.parse(writeState(state)) as object), form: 0 });
    const long = `${writeState(state)}${" ".repeat(70_000)}`;
    for (const text of [other, long, "", "null", "[]", "{", '"x"', JSON.stringify({ form: 1 })]) {
      assert.equal(readState(text), null, text.slice(0, 40));
    }
  });

  it("counts as none when a part is missing or another thing", () => {
    const isRefused = (path: Path, value: unknown): boolean =>
      readState(JSON.stringify({ form: 1, state: changed(state, path, value) })) === null;
    for (const path of pathsOf(state)) {
      const [last = "", ...before] = path.toReversed();
      const where = path.join(".");
      assert.ok(isRefused(path, { a: 1 }), where);
      assert.ok(before[0] === "latched" || isRefused(path, "x"), where);
      // Lists and what rules have fired may be shorter; a decision may not know what was there before it.
      const mayGo = /^\d+$/.test(last) || before[0] === "fired";
      if (!mayGo && last !== "from" && last !== "aimed")
        assert.ok(isRefused(path, undefined), where);
    }
  });

  it("never makes a decision fail, whatever it is cut or changed to", () => {
    const text = writeState(state);
    const view = aView(NOW + 200, { arrivals: 40, busy: 8 });
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 4 }), (at, cut, by) => {
        const read = readState(text.slice(0, at) + by + text.slice(at + cut));
        const decision = decide(policy, read ?? emptyDecisionState, view, NOW + 200);
        assert.ok(Number.isSafeInteger(decision.desired));
      }),
      { numRuns: 500 },
    );
  });
});

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  const own = path.length === 0 ? [] : [path];
  if (typeof value !== "object" || value === null) return own;
  return [...own, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to;
  const part = changed((value as Record<string, unknown>)[key], rest, to);
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) =>
      String(index) !== key ? [item] : part === undefined ? [] : [part],
    );
  }
  return { ...(value as object), [key]: part };
}
