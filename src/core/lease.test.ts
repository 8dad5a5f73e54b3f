import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decideLease, leaseRules, nextLookMs, remainingMs } from "./lease.ts";
import type { Grant } from "./lease.ts";

const rules = leaseRules;
const grant: Grant = { epoch: 3, askedAtMs: 1_000 };

describe("the lease", () => {
  it("is renewed long before it ends, twice at least if the first time fails", () => {
    assert.deepEqual(decideLease(grant, 1_000, rules), { kind: "wait", ms: rules.renewEveryMs });
    assert.deepEqual(decideLease(grant, 1_000 + rules.renewEveryMs, rules), { kind: "renew" });
    assert.ok(2 * rules.renewEveryMs < rules.holdMs - rules.marginMs);
  });

  it("deposes its holder by the holder's own clock", () => {
    const endMs = grant.askedAtMs + rules.holdMs - rules.marginMs;
    assert.equal(decideLease(grant, endMs - 1, rules).kind, "renew");
    assert.equal(decideLease(grant, endMs, rules).kind, "step-down");
    assert.equal(remainingMs(grant, endMs + 10_000, rules), 0);
  });

  it("is looked at by who stands by as soon as it ends, and never in a busy loop", () => {
    assert.equal(nextLookMs(30, rules), 31);
    assert.equal(nextLookMs(2_900, rules), rules.lookEveryMs);
    assert.equal(nextLookMs(-50, rules), 1);
  });

  it("never lets the holder act when the database may grant it to another, with clocks a tenth apart", () => {
    const delay = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(
        delay,
        delay,
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        (way, wait, rate) => {
          // True time: asked at 0, written in the database after `way`; the holder's clock runs at `rate`.
          const deposedByAllMs = way + rules.holdMs;
          const nowMs = way + wait;
          const mayAct = remainingMs({ epoch: 1, askedAtMs: 0 }, nowMs * rate, rules) > 0;
          assert.ok(!mayAct || nowMs < deposedByAllMs);
        },
      ),
    );
  });

  it("always comes to an end without a renewal, whatever the rules", () => {
    const ms = fc.integer({ min: 1, max: 60_000 });
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: 0, max: 60_000 }), (holdMs, renewEveryMs, marginMs) => {
        const own = { holdMs, renewEveryMs, marginMs, lookEveryMs: 1 };
        assert.equal(decideLease(grant, grant.askedAtMs + holdMs, own).kind, "step-down");
      }),
    );
  });
});
