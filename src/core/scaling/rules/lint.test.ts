import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sensibleRules } from "../../../../test/harness/random-rules.ts";
import { aView, someRules, steadyResponses } from "../../../../test/harness/role-view.ts";
import { aRule, aStepRule, aTarget } from "../../../../test/harness/rule-texts.ts";
import { decide } from "../decision.ts";
import { lintRules, type LintContext } from "./lint.ts";
import type { Rules } from "./rules.ts";
import { emptyDecisionState } from "./state.ts";

const RUNS = Number(process.env["RUNS"] ?? 1_500);
const limits = { ...someRules().limits, holdS: 120 };
const named = (condition: string, effect: string, name: string) =>
  aRule(condition, effect, { name });

function lint(wish: Partial<Rules>, context: Partial<LintContext> = {}): readonly string[] {
  const bounds = { min: 1, max: 10 };
  return lintRules(someRules({ limits, ...wish }), { bounds, bootS: null, ...context }).map(
    ({ path, column, message, hint }) =>
      `${path.join(".")}${column === null ? "" : `:${column}`}: ${message}${hint === "" ? "" : `; ${hint}`}`,
  );
}

describe("lintRules", () => {
  it("finds thresholds that take turns", () => {
    const when = [named("load > 3", "add 1", "up"), named("load < 4", "remove 1", "down")];
    assert.deepEqual(lint({ when }), [
      "when.1.if:1: down gives machines back below 4, up asks for them above 3; leave room between the two, or they take turns",
    ]);
    const steps = aStepRule("load", { "<2": "-10%", ">1": "+10%" });
    assert.equal(lint({ when: [steps] }).length, 1);
    const targets = [aTarget("load", "3")];
    assert.deepEqual(lint({ targets, when: [named("queue > 0 or load > 2", "add 1", "up")] }), [
      "when.0.if:14: up asks for machines above 2, which the target of 3 gives back; put it above the target",
    ]);
  });

  it("finds rules that can never fire", () => {
    const remove = named("queue == 0", "remove 1", "down");
    assert.deepEqual(lint({ when: [named("memory > 100%", "add 1", "full"), remove] }), [
      "when.0.if:1: full can never fire: memory is never above 100%",
    ]);
    assert.deepEqual(lint({ when: [named("load > 3 and load < 2", "add 1", "odd"), remove] }), [
      "when.0.if:14: odd can never fire: load cannot be both",
    ]);
    assert.deepEqual(lint({ when: [named("slope(load, 1m) < 0", "remove 1", "down")] }), []);
  });

  it("finds what cannot be reached, and what never ends", () => {
    const targets = [aTarget("cpu", "95%")];
    assert.match(lint({ targets })[0] ?? "", /^targets.0: cpu never gets so far above 95%/);
    const set = named("queue > 5", "set 12", "full");
    assert.deepEqual(lint({ when: [set] }), [
      "when.0.do: full sets 12, but the site file allows 1 to 10",
    ]);
    const arrivals = [
      named("arrivals > 100/s", "add 2", "more"),
      named("load < 1", "remove 1", "less"),
    ];
    assert.deepEqual(lint({ when: arrivals }), [
      "when.0.if:1: more goes on adding machines: they do not change arrivals; compare it per machine, or set a number",
    ]);
  });

  it("finds a saturating metric, a percentile of few answers, one-way rules and haste", () => {
    assert.match(
      lint({ targets: [aTarget("cpu", "80%")] })[0] ?? "",
      /never asks for more than 1.25 times/,
    );
    const hot = named("cpu > 85%", "add 1", "hot");
    const quiet = named("cpu < 30%", "remove 1", "quiet");
    assert.match(lint({ when: [hot, quiet] })[0] ?? "", /^when.0.if:1: only cpu adds machines/);
    assert.deepEqual(lint({ when: [hot, quiet, named("queue > 0 for 5s", "add 1", "jam")] }), []);
    const slow = named("p95(rt) > 1s for 30s", "add 1", "slow");
    assert.match(lint({ when: [slow, quiet] })[0] ?? "", /^when.0.if:1: slow looks at p95/);
    const floored = named("p95(rt) > 1s and requests(30s) >= 50", "add 1", "slow");
    assert.deepEqual(lint({ when: [floored, quiet] }), []);
    assert.deepEqual(lint({ when: [named("queue > 0", "add 1", "jam")] }), [
      "when: no rule gives machines back; add one with remove, or a target",
    ]);
    assert.match(lint({ when: [quiet], limits: { ...limits, holdS: 0 } })[0] ?? "", /every second/);
    assert.match(
      lint({ targets: [aTarget("cpu", "50%")] }, { bootS: 180 })[0] ?? "",
      /^limits.hold: machines take 180 s/,
    );
  });

  it("passes only rules that come to rest: 7 a constant load has a constant pool", () => {
    const cases = fc.record({
      texts: sensibleRules,
      load: fc.integer({ min: 0, max: 100 }),
      start: fc.integer({ min: 1, max: 40 }),
    });
    let passed = 0;
    fc.assert(
      fc.property(cases, ({ texts, load, start }) => {
        const rules = someRules({
          targets: texts.targets.map(([name, target]) => aTarget(name, target)),
          when: [
            ...texts.when.map(([condition, effect]) => aRule(condition, effect)),
            ...(texts.steps === null ? [] : [aStepRule("avg(cpu, 10s)", texts.steps)]),
          ],
          // Short enough that even one machine at a time comes to an end.
          limits: { ...limits, holdS: 60 },
        });
        const bounds = { min: 1, max: 40 };
        fc.pre(lintRules(rules, { bounds, bootS: 15 }).length === 0);
        passed += 1;
        const sizes = runConstant(rules, bounds, { load, start });
        const last = sizes.slice(-60);
        assert.equal(
          new Set(last).size,
          1,
          `${texts.when.map(String).join("; ")}: ${last.join(" ")}`,
        );
      }),
      { numRuns: Math.ceil(RUNS / 20) },
    );
    assert.ok(passed > 0);
  });
});

/** 4 requests at a time, 0.2 s each; a machine serves 15 s after it was wanted. Each step is 10 s. */
function runConstant(
  rules: Rules,
  bounds: { readonly min: number; readonly max: number },
  { load, start }: { readonly load: number; readonly start: number },
): readonly number[] {
  let state = emptyDecisionState;
  let desired = start;
  let ready = start;
  const sizes: number[] = [];
  for (let turn = 0; turn < 400; turn += 1) {
    const nowS = 1_800_000_000 + turn * 10;
    const busy = Math.min(load, ready * 4);
    const cpu = ready === 0 ? 0 : Math.min(1, load / (ready * 4));
    const view = aView(nowS, {
      ready,
      booting: desired - ready,
      desired,
      busy,
      queue: load - busy,
      arrivals: load * 5,
      metrics: { cpu },
      responses: steadyResponses(load > busy ? 5 : 0.2, load * 5),
      past: 35,
    });
    const decision = decide({ rules, bounds, aim: null }, state, view, nowS);
    ({ state, desired } = decision);
    // What was wanted two steps ago is there.
    ready = Math.min(desired, sizes.at(-1) ?? start);
    sizes.push(desired);
  }
  return sizes;
}
