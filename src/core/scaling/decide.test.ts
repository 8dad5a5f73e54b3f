import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { LoadSample } from "../observed.ts";
import { decideScaling } from "./decide.ts";
import type { RoleLoad } from "./decide.ts";

const NOW = 1_000_000;
const settings = { inFlightPerMachine: 8, holdMs: 60_000 };

function role(wish: Partial<RoleLoad>): RoleLoad {
  return { min: 1, max: 10, target: 2, targetAt: 0, pin: null, samples: [], ...wish };
}

/** One sample a second up to now. */
function steady(inFlight: number, seconds = 120, queue = 0): readonly LoadSample[] {
  return Array.from({ length: seconds }, (_, index) =>
    sample(NOW - (seconds - 1 - index) * 1000, inFlight, queue),
  );
}

function sample(at: number, inFlight: number, queue = 0): LoadSample {
  return { at, inFlight, queue, requestsPerSecond: 0, serversUp: 1 };
}

describe("decideScaling", () => {
  it("grows at once to what is needed, not step by step", () => {
    const decision = decideScaling(settings, role({ samples: steady(40) }), NOW);
    assert.deepEqual(decision, {
      kind: "resize",
      machines: 5,
      reason: "40 requests in flight, 8 per machine is the aim",
    });
  });

  it("counts those that queue as load", () => {
    const decision = decideScaling(settings, role({ samples: steady(16, 120, 8) }), NOW);
    assert.equal(decision.kind === "resize" && decision.machines, 3);
  });

  it("does not grow for one sample a little above the aim, but does for a crowd", () => {
    const gust = [...steady(10).slice(0, -1), sample(NOW, 17)];
    assert.equal(decideScaling(settings, role({ samples: gust }), NOW).kind, "hold");
    const crowd = [...steady(10).slice(0, -1), sample(NOW, 90)];
    const decision = decideScaling(settings, role({ samples: crowd }), NOW);
    assert.equal(decision.kind === "resize" && decision.machines, 10);
  });

  it("shrinks by one after the need was lower for the whole hold time", () => {
    const decision = decideScaling(settings, role({ target: 4, samples: steady(8) }), NOW);
    assert.deepEqual(decision, {
      kind: "resize",
      machines: 3,
      reason: "at most 2 were needed for 60 s",
    });
  });

  it("does not shrink for a lull: one busy second within the hold time is enough", () => {
    const samples = steady(8).map((s) => (s.at === NOW - 30_000 ? sample(s.at, 30) : s));
    assert.equal(decideScaling(settings, role({ target: 4, samples }), NOW).kind, "hold");
  });

  it("does not shrink soon after somebody had to queue", () => {
    const samples = steady(2).map((s) => (s.at === NOW - 20_000 ? sample(s.at, 2, 1) : s));
    const decision = decideScaling(settings, role({ target: 4, samples }), NOW);
    assert.deepEqual(decision, { kind: "hold", reason: "requests had to queue a moment ago" });
  });

  it("holds without figures, with old ones, and with too few of them", () => {
    const none = decideScaling(settings, role({ target: 4 }), NOW);
    assert.deepEqual(none, { kind: "hold", reason: "no fresh figures from a balancer" });
    const old = steady(0).map((s) => ({ ...s, at: s.at - 6_000 }));
    assert.equal(decideScaling(settings, role({ target: 4, samples: old }), NOW).kind, "hold");
    const few = steady(0, 20);
    assert.deepEqual(decideScaling(settings, role({ target: 4, samples: few }), NOW), {
      kind: "hold",
      reason: "too few figures to give machines back",
    });
  });

  it("says so when it would need more than the site file allows", () => {
    const decision = decideScaling(settings, role({ target: 10, samples: steady(200) }), NOW);
    assert.deepEqual(decision, {
      kind: "hold",
      reason: "needs 25, but the site file allows at most 10",
    });
  });

  it("keeps a pin until its time is over, whatever the load", () => {
    const pin = { machines: 6, until: NOW + 1 };
    const pinned = decideScaling(settings, role({ pin, samples: steady(80) }), NOW);
    assert.deepEqual(pinned, { kind: "resize", machines: 6, reason: "pinned to 6" });
    const over = decideScaling(settings, role({ pin, samples: steady(80) }), NOW + 1);
    assert.equal(over.kind === "resize" && over.machines, 10);
  });

  const anySamples = fc
    .array(fc.record({ load: fc.nat(300), queue: fc.nat(50) }), { maxLength: 150 })
    .map((loads) =>
      loads.map(({ load, queue }, index) =>
        sample(NOW - (loads.length - 1 - index) * 1000, load, queue),
      ),
    );

  it("never leaves the bounds", () => {
    fc.assert(
      fc.property(anySamples, fc.integer({ min: 1, max: 10 }), (samples, target) => {
        const decision = decideScaling(settings, role({ target, samples }), NOW);
        if (decision.kind === "resize")
          assert.ok(decision.machines >= 1 && decision.machines <= 10);
      }),
    );
  });

  it("never wants fewer machines for more load", () => {
    fc.assert(
      fc.property(
        anySamples,
        fc.integer({ min: 1, max: 10 }),
        fc.nat(50),
        (samples, target, more) => {
          const wanted = (given: readonly LoadSample[]): number => {
            const decision = decideScaling(settings, role({ target, samples: given }), NOW);
            return decision.kind === "resize" ? decision.machines : target;
          };
          const busier = samples.map((s) => ({ ...s, inFlight: s.inFlight + more }));
          assert.ok(wanted(busier) >= wanted(samples));
        },
      ),
    );
  });

  it("settles: a steady load is followed by no second change of direction", () => {
    fc.assert(
      fc.property(fc.nat(80), fc.integer({ min: 1, max: 10 }), (load, start) => {
        let target = start;
        const moves: number[] = [];
        for (let round = 0; round < 20; round++) {
          const decision = decideScaling(settings, role({ target, samples: steady(load) }), NOW);
          if (decision.kind === "hold") break;
          moves.push(Math.sign(decision.machines - target));
          target = decision.machines;
        }
        assert.ok(new Set(moves).size <= 1, `moved ${String(moves)}`);
        assert.equal(
          decideScaling(settings, role({ target, samples: steady(load) }), NOW).kind,
          "hold",
        );
      }),
    );
  });
});
