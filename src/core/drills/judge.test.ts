import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { describeDrill, endDrill, judgeDrill, laterTotals } from "./judge.ts";
import type { DrillRecord, ProbeCount } from "./record.ts";

const probes: ProbeCount = {
  requests: 400,
  failed: 0,
  outageMs: 0,
  slowestMs: 12,
  firstFailure: null,
};
const goal = { failedMax: 0, detectedMs: 2_000, replacedMs: 5_000, capacityMs: 10_000 };

const drill: DrillRecord = {
  id: 3,
  kind: "machine",
  state: "running",
  by: "ada",
  role: "web",
  machine: "web-1",
  startedAt: 100_000,
  finishedAt: null,
  goal,
  cutMs: null,
  successor: null,
  limitMs: 60_000,
  before: {
    machines: ["web-1", "web-2"],
    serving: 2,
    nextServerId: 3,
    balancerProcess: null,
    epoch: 1,
    totals: { "lb-1/a": { requests: 1_000, failed: 7 } },
  },
  milestones: {
    detectedAt: 100_400,
    replacedAt: 102_300,
    capacityAt: 102_400,
    reconnectedAt: null,
  },
  probes: null,
  balancer: null,
  shortfalls: [],
};
const totals = { "lb-1/a": { requests: 4_120, failed: 7 } };
const end = { probes, totals, stopped: null };

describe("the verdict of a drill", () => {
  it("passes when every goal is met, and tells the story in one sentence", () => {
    const over = judgeDrill(drill, end, 110_000);
    assert.equal(over.state, "passed");
    assert.equal(
      describeDrill(over),
      "the machine web-1 is killed with everything on it, noticed after 0.4 s, another served after 2.3 s, " +
        "whole again after 2.4 s, 0 failed of 400 probes, 0 failed of 3120 requests by the balancer's count",
    );
    const outcome = endDrill(over);
    assert.equal(outcome.kind, "done");
    assert.match(outcome.kind === "done" ? (outcome.event?.reason ?? "") : "", /^drill 3 passed: /);
  });

  it("misses for each goal apart", () => {
    const late = (milestones: Partial<DrillRecord["milestones"]>) =>
      judgeDrill({ ...drill, milestones: { ...drill.milestones, ...milestones } }, end, 110_000);
    const cases = [
      [late({ detectedAt: 102_001 }), /noticed after 2 s where 2 s are allowed/],
      [late({ replacedAt: 105_100 }), /replaced after 5.1 s where 5 s are allowed/],
      [late({ capacityAt: 111_000 }), /whole again after 11 s where 10 s are allowed/],
      [late({ capacityAt: null }), /was not whole again within 60 s/],
      [
        judgeDrill(
          drill,
          { ...end, probes: { ...probes, failed: 1, firstFailure: "status 503" } },
          110_000,
        ),
        /1 of the probes failed where 0 may, the first: status 503/,
      ],
      [
        judgeDrill(drill, { ...end, totals: { "lb-1/a": { requests: 2_000, failed: 9 } } }, 1),
        /the balancer counted 2 failed requests where 0 may/,
      ],
    ] as const;
    for (const [over, words] of cases) {
      assert.equal(over.state, "missed");
      assert.equal(over.shortfalls.length, 1, over.shortfalls.join());
      assert.match(over.shortfalls.join(), words);
    }
  });

  it("tells what has no goal without judging it, and judges nothing of what was broken off", () => {
    const any = { failedMax: null, detectedMs: null, replacedMs: null, capacityMs: null };
    const bad = { ...end, probes: { ...probes, failed: 9 } };
    assert.equal(judgeDrill({ ...drill, goal: any }, bad, 110_000).state, "passed");
    const stopped = judgeDrill(drill, { ...bad, stopped: "it was broken off by hand" }, 110_000);
    assert.equal(stopped.state, "stopped");
    assert.deepEqual(stopped.shortfalls, ["it was broken off by hand"]);
  });

  it("what was never noticed needed no replacement", () => {
    const milestones = { ...drill.milestones, detectedAt: null, replacedAt: null };
    assert.equal(judgeDrill({ ...drill, milestones }, end, 110_000).state, "passed");
  });

  it("a balancer that died keeps what it had counted, and its successor counts from zero", () => {
    const seen = laterTotals(totals, { "lb-1/b": { requests: 50, failed: 1 } });
    const { balancer } = judgeDrill(drill, { ...end, totals: seen }, 110_000);
    assert.deepEqual(balancer, { requests: 3_170, failed: 1 });
  });

  it("a stricter goal never turns a missed drill into one that passed", () => {
    const limit = fc.option(fc.integer({ min: 0, max: 12_000 }), { nil: null });
    const goals = fc.record({
      failedMax: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
      detectedMs: limit,
      replacedMs: limit,
      capacityMs: limit,
    });
    const failed = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(goals, failed, fc.integer({ min: 0, max: 3_000 }), (loose, count, by) => {
        const tighter = (value: number | null, less: number): number =>
          Math.max(0, (value ?? 12_000) - less);
        const strict = {
          failedMax: tighter(loose.failedMax ?? 5, by % 3),
          detectedMs: tighter(loose.detectedMs, by),
          replacedMs: tighter(loose.replacedMs, by),
          capacityMs: tighter(loose.capacityMs, by),
        };
        const facts = { ...end, probes: { ...probes, failed: count } };
        const isMissed = (of: typeof goal | typeof loose): boolean =>
          judgeDrill({ ...drill, goal: of }, facts, 110_000).state === "missed";
        if (isMissed(loose)) assert.ok(isMissed(strict));
      }),
      { numRuns: 300 },
    );
  });
});
