import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createSeconds } from "../seconds.ts";
import type { Earlier, RoleView } from "../view.ts";
import { aimNeed, newMemory } from "./aim.ts";
import type { AimMemory, AimVoice } from "./aim.ts";
import { usualTuning as usual } from "./tuning.ts";

const NOW = 1_700_000_000;
const SERVICE_S = 0.2;
const bounds = { min: 2, max: 60 };
/** Of its own: what the usual one is set to is a matter of measuring. */
const tuning = {
  ...usual,
  margin: 0.05,
  marginMax: 0.4,
  marginPerRestlessness: 2,
  spareRoots: 0.6,
  spareRootsPerLeadS: 0,
  earlierDaysMax: 2,
  overshoot: 10,
  settleS: 60,
  trimAfterS: 15,
  trimFactor: 2,
  wildRestlessness: 0.2,
};

interface Scene {
  /** Arrivals a second, so many seconds ago. */
  readonly arrivals: (agoS: number) => number;
  readonly queue?: (agoS: number) => number;
  readonly seconds?: number;
  readonly slots?: number;
  readonly desired?: number;
  readonly earlier?: Earlier;
  readonly now?: number;
}

function viewOf(scene: Scene): RoleView {
  const { seconds = 600, slots = 4, desired = 4, now = NOW } = scene;
  const balancer = {
    arrivals: createSeconds(seconds + 100),
    completions: createSeconds(seconds + 100),
    busy: createSeconds(seconds + 100),
    queue: createSeconds(seconds + 100),
  };
  for (let ago = seconds; ago >= 1; ago -= 1) {
    const rate = scene.arrivals(ago);
    balancer.arrivals.put(now - ago, rate);
    balancer.completions.put(now - ago, rate);
    balancer.busy.put(now - ago, rate * SERVICE_S);
    balancer.queue.put(now - ago, scene.queue?.(ago) ?? 0);
  }
  return {
    pool: { ready: desired, booting: 0, desired },
    machine: { slots, bootS: 60 },
    balancer,
    metrics: new Map(),
    responses: null,
    earlier: scene.earlier ?? null,
  };
}

function ask(scene: Scene, memory: AimMemory = newMemory): AimVoice {
  return aimNeed(bounds, memory, viewOf(scene), scene.now ?? NOW, tuning);
}

/** Lives through a scene second by second with a pool that follows at once; says what was wanted. */
function live(scene: Scene, fromAgoS: number, memory = newMemory): readonly number[] {
  const whole = viewOf(scene);
  const wanted: number[] = [];
  let desired = scene.desired ?? 4;
  for (let now = NOW - fromAgoS; now <= NOW; now += 2) {
    const voice = aimNeed(
      bounds,
      memory,
      { ...whole, pool: { ready: desired, booting: 0, desired } },
      now,
      tuning,
    );
    // What is kept with the role goes through the inventory as JSON.
    memory = JSON.parse(JSON.stringify(voice.memory)) as AimMemory;
    desired = voice.need;
    wanted.push(desired);
  }
  return wanted;
}

describe("aimNeed", () => {
  it("makes room for what comes, for chance, and for what it does not expect", () => {
    const { need, basis } = ask({ arrivals: () => 100 });
    assert.ok(Math.abs((basis?.serviceS ?? 0) - SERVICE_S) < 1e-9);
    // 20 at work, 5 % more, 0.6 roots: 23.7 slots of 4.
    assert.equal(need, 6);
  });

  it("says how much more the machines carry", () => {
    const { need, basis } = ask({ arrivals: () => 100 });
    const carries = basis?.carries ?? 0;
    assert.equal(ask({ arrivals: () => carries - 1, desired: need }, newMemory).need, need);
    assert.equal(ask({ arrivals: () => carries + 1, desired: need }, newMemory).need, need + 1);
  });

  it("keeps what there is while nobody says what comes", () => {
    const none = ask({ arrivals: () => 100, seconds: 0, desired: 7 });
    assert.deepEqual([none.need, none.basis, none.memory], [7, null, newMemory]);
    const view = viewOf({ arrivals: () => 1, desired: 7 });
    assert.equal(aimNeed(bounds, newMemory, view, NOW + 30).need, 7);
  });

  it("launches at once for far more than what a rise shows, and says until when", () => {
    const { need, basis } = ask({ arrivals: (ago) => (ago <= 6 ? 60 : 20) });
    assert.ok(basis?.crowd === "rise");
    assert.ok(need >= 30, `${need} machines`);
    assert.equal(basis?.alarm?.until, NOW + 60 + 6 + 60);
  });

  it("does not take a jump within chance for a rise", () => {
    const { basis } = ask({ arrivals: (ago) => (ago <= 6 ? 26 : 20) });
    assert.ok(basis?.crowd === null);
  });

  it("adds machines when requests wait, and gives none back soon after", () => {
    const jam = ask({ arrivals: () => 80, queue: (ago) => (ago <= 3 ? 40 : 0), desired: 4 });
    assert.ok(jam.basis?.crowd === "jam" && jam.need > 5);
    const after = ask({ arrivals: () => 10, desired: 9 }, { ...newMemory, waitedAt: NOW - 29 });
    assert.deepEqual([after.need, after.basis?.kept], [9, "waited"]);
    assert.equal(
      ask({ arrivals: () => 10, desired: 9 }, { ...newMemory, waitedAt: NOW - 30 }).need,
      2,
    );
  });

  it("expects what came at the same time on earlier days, as far as today is like them", () => {
    const daily: Earlier = {
      rate: (at) => (at > NOW ? null : at % 86_400 < ((NOW + 66) % 86_400) - 300 ? 50 : 100),
    };
    const { basis } = ask({ arrivals: () => 60, earlier: daily });
    assert.ok(basis?.forecast === 100 && basis.expected === 100);
  });

  it("holds what was needed for ten minutes through an outage of two", () => {
    const wanted = live(
      { arrivals: (ago) => (ago <= 120 ? 0 : 200), seconds: 1_500, desired: 12 },
      300,
    );
    assert.deepEqual(new Set(wanted), new Set([wanted[0]]));
  });

  it("finds a pool for a steady load and leaves it alone", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1_200, noNaN: true }),
        fc.integer({ min: 2, max: 60 }),
        (rate, desired) => {
          const wanted = live({ arrivals: () => rate, seconds: 3_600, desired }, 2_400);
          const settled = wanted.slice(-600);
          assert.deepEqual(new Set(settled), new Set([settled[0]]));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("expects the most of the minutes after a machine's arrival", () => {
    const last = Math.floor((NOW + 66 + 140) / 300) * 300;
    assert.notEqual(last, Math.floor((NOW + 66 - 60) / 300) * 300);
    const wave: Earlier = {
      rate: (at) => (at > NOW ? null : (last - at) % 86_400 === 0 ? 90 : 60),
    };
    const { basis } = ask({ arrivals: () => 60, earlier: wave });
    assert.equal(basis?.forecast, 90);
  });

  it("keeps more room on a site that jumps", () => {
    const restless = { ...newMemory, restlessness: { meanSquare: 0.2 ** 2, seenAt: NOW } };
    const { basis } = ask({ arrivals: () => 100 }, restless);
    assert.ok(
      Math.abs((basis?.margin ?? 0) - (0.05 + 2 * (0.2 - 0.06))) < 1e-9,
      `${basis?.margin}`,
    );
    const wild = { ...newMemory, restlessness: { meanSquare: 1, seenAt: NOW } };
    assert.equal(ask({ arrivals: () => 100 }, wild).basis?.margin, 0.4);
  });

  it("gives nothing back soon after growth on a site that jumps all the time", () => {
    const scene = { arrivals: () => 10, desired: 20 };
    const grown = { ...newMemory, grewAt: NOW - 300 };
    assert.equal(ask(scene, grown).need, 2);
    const wild = { ...grown, restlessness: { meanSquare: 0.3 ** 2, seenAt: NOW } };
    assert.deepEqual([ask(scene, wild).need, ask(scene, wild).basis?.kept], [20, "restless"]);
  });

  it("does not believe that requests take longer for good when they do in a jam", () => {
    const view = viewOf({ arrivals: () => 100 });
    const completions = createSeconds(700);
    for (let ago = 600; ago >= 1; ago -= 1) completions.put(NOW - ago, 25);
    const jammed = { ...view, balancer: { ...view.balancer, completions } };
    const known = { seconds: SERVICE_S, usual: SERVICE_S, learnedAt: NOW - 60, isGrown: true };
    const { serviceS } = aimNeed(bounds, { ...newMemory, service: known }, jammed, NOW).basis ?? {};
    assert.ok((serviceS ?? 0) > SERVICE_S && (serviceS ?? 9) < SERVICE_S * 1.15, `${serviceS}`);
  });

  it("looks again soon at how long requests take while it has seen little", () => {
    const view = viewOf({ arrivals: () => 30, seconds: 70 });
    const wrong = { ...newMemory.service, seconds: 0.05, usual: 0.05 };
    let memory: AimMemory = { ...newMemory, service: wrong };
    const believed: number[] = [];
    for (let now = NOW - 10; now <= NOW; now += 2) {
      const voice = aimNeed(bounds, memory, view, now, tuning);
      ({ memory } = voice);
      believed.push(Number(voice.basis?.serviceS?.toFixed(3)));
    }
    assert.deepEqual(believed, [0.075, 0.113, 0.169, 0.2, 0.2, 0.2]);
    assert.equal(memory.service.isGrown, false);
  });

  it("gives back what it launched too much once it has come and nobody waits", () => {
    const alarm = { raisedAt: NOW - 81, until: NOW + 30, machines: 40 };
    const scene = { arrivals: () => 100, desired: 40 };
    assert.equal(ask(scene, { ...newMemory, alarm }).basis?.alarm?.machines, 11);
    const booting = ask(scene, { ...newMemory, alarm: { ...alarm, raisedAt: NOW - 80 } });
    assert.equal(booting.basis?.alarm?.machines, 40);
  });

  it("takes a clock that was set back or forth by an hour for no reason to do anything", () => {
    const before = ask({ arrivals: () => 100, desired: 6 });
    for (const jump of [-3_600, 3_600]) {
      const after = ask({ arrivals: () => 100, desired: 6, now: NOW + jump }, before.memory);
      assert.equal(after.need, 6);
      const alarmed = ask({ arrivals: (ago) => (ago <= 6 ? 60 : 20) });
      const late = ask({ arrivals: () => 20, desired: 2, now: NOW + jump }, alarmed.memory);
      assert.equal(late.need, 2);
    }
  });

  it("keeps more room where machines take longer to start", () => {
    const slow = { ...tuning, spareRootsPerLeadS: 0.02 };
    const view = viewOf({ arrivals: () => 100 });
    const needs = [10, 60].map((bootS) => {
      const given = { ...view, machine: { ...view.machine, bootS } };
      return aimNeed(bounds, newMemory, given, NOW, slow).need;
    });
    // 21 at work and 0.92 or 1.92 of its roots of 4.6.
    assert.deepEqual(needs, [7, 8]);
  });

  const history = fc.array(fc.nat(300), { minLength: 90, maxLength: 200 });
  const sceneOf = (rates: readonly number[], desired: number, queue = 0): Scene => ({
    arrivals: (ago) => rates[ago - 1] ?? 0,
    queue: () => queue,
    seconds: rates.length,
    desired,
  });
  const known = {
    ...newMemory,
    service: { seconds: SERVICE_S, usual: SERVICE_S, learnedAt: NOW, isGrown: true },
  };

  it("stays within the bounds and says the same twice", () => {
    fc.assert(
      fc.property(
        history,
        fc.integer({ min: 1, max: 80 }),
        fc.nat(400),
        (rates, desired, queue) => {
          const scene = sceneOf(rates, desired, queue);
          const voice = ask(scene, known);
          assert.ok(
            Number.isInteger(voice.need) && voice.need >= bounds.min && voice.need <= bounds.max,
          );
          assert.deepEqual(ask(scene, known), voice);
        },
      ),
    );
  });

  // What came longer ago is what a rise is held against: more of it makes a rise less of one.
  it("never wants fewer machines when more comes now or more wait", () => {
    fc.assert(
      fc.property(
        history,
        fc.nat(200),
        fc.nat(100),
        fc.integer({ min: 1, max: 15 }),
        (rates, more, waiting, last) => {
          const busier = rates.map((rate, index) => (index < last ? rate + more : rate));
          assert.ok(
            ask(sceneOf(busier, 10, waiting), known).need >= ask(sceneOf(rates, 10), known).need,
          );
        },
      ),
    );
  });

  it("wants half as many machines of twice the size", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1_000, noNaN: true }), (rate) => {
        const one = ask({ arrivals: () => rate, slots: 4 }, known).basis;
        const two = ask({ arrivals: () => rate, slots: 8 }, known).basis;
        assert.ok(one !== null && two !== null);
        assert.ok(
          Math.abs(two.needNow - one.needNow / 2) <= 1,
          `${one.needNow} and ${two.needNow}`,
        );
      }),
    );
  });
});
