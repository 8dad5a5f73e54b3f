import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { backoffMs, retryWindowMs, supervisionLimits } from "./rules.ts";
import type { SupervisionRules } from "./rules.ts";
import { superviseStep, supervisionDueAt } from "./supervise.ts";
import { neverStarted } from "./supervised.ts";
import type { Supervised, SupervisionCommand, SupervisionInput } from "./supervised.ts";

const rules: SupervisionRules = {
  check: { kind: "tcp", everyMs: 1_000, timeoutMs: 1_000, rise: 2, fall: 3 },
  supervision: {
    startGraceMs: 10_000,
    restartGraceMs: 5_000,
    memoryBytesMax: 1_000,
    cpuMax: 0.8,
    stopTimeoutMs: 4_000,
  },
  limits: supervisionLimits,
};
const passing = { isPassing: true, problem: null };
const failing = { isPassing: false, problem: "nothing listens" };
const calm = { cpu: 0.1, memoryBytes: 10 };

interface Told extends Partial<SupervisionInput> {
  readonly at: number;
}

/** Plays a story; a process that was started runs until the story says otherwise. */
function play(story: readonly Told[], own: SupervisionRules = rules, from = neverStarted(0)) {
  let state: Supervised = from;
  const commands: SupervisionCommand[] = [];
  for (const { at, ...said } of story) {
    const silent = { isWanted: true, isRunning: true, ending: null, check: null, usage: null };
    const step = superviseStep(own, state, { ...silent, ...said }, at);
    state = step.state;
    commands.push(step.command);
  }
  return { state, commands, last: commands.at(-1) };
}

const started: readonly Told[] = [{ at: 0, isRunning: false }];
const healthy: readonly Told[] = [...started, { at: 100, check: passing }];

function every(ms: number, from: number, count: number, said: Partial<SupervisionInput>): Told[] {
  return Array.from({ length: count }, (_, index) => ({ ...said, at: from + index * ms }));
}

describe("supervision of checks", () => {
  it("starts what is wanted and calls it healthy at the first success", () => {
    const { state, commands } = play(healthy);
    assert.deepEqual(commands[0], { kind: "start" });
    assert.equal(state.phase, "healthy");
  });

  it("ignores failed checks in the grace of a start, and says what they found", () => {
    const { state } = play([...started, ...every(100, 100, 50, { check: failing })]);
    assert.equal(state.phase, "starting");
    assert.equal(state.problem, "nothing listens");
  });

  it("gives a restart its own, shorter grace", () => {
    const crash: Told = { at: 1_000, isRunning: false, ending: "It ended" };
    const { state } = play([...healthy, crash, ...every(500, 6_000, 3, { check: failing })]);
    assert.equal(state.phase, "unhealthy");
  });

  it("is unhealthy after `fall` failures in a row and healthy after `rise` successes", () => {
    const two = [...healthy, ...every(1_000, 1_000, 2, { check: failing })];
    assert.equal(play(two).state.phase, "healthy");
    assert.equal(play([...two, { at: 3_000, check: passing }]).state.fails, 0);
    const fallen = [...two, { at: 3_000, check: failing }];
    assert.equal(play(fallen).state.phase, "unhealthy");
    const once = [...fallen, { at: 4_000, check: passing }];
    assert.equal(play(once).state.phase, "unhealthy");
    assert.equal(play([...once, { at: 5_000, check: passing }]).state.phase, "healthy");
  });

  it("wants a process replaced that was healthy and fails for 30 s more, and waits for the controller", () => {
    const fallen = [...healthy, ...every(1_000, 1_000, 33, { check: failing })];
    const { state, last } = play(fallen);
    assert.match(state.wanted?.reason ?? "", /checks have failed for too long: nothing listens/);
    assert.deepEqual(last, { kind: "none" });
    assert.deepEqual(play(fallen.slice(0, -1)).state.wanted, null);
    const ignored = play([...fallen, ...every(1_000, 34_000, 60, { check: failing })]);
    assert.equal(ignored.last?.kind, "stop");
  });

  it("restarts by itself what never became healthy: there is nothing to lose", () => {
    const story = [...started, ...every(1_000, 10_000, 33, { check: failing })];
    assert.equal(play(story).last?.kind, "stop");
  });

  it("counts a process without a check as healthy once it has lived a little", () => {
    const worker = { ...rules, check: { kind: "none" } as const };
    assert.equal(play([...started, { at: 400 }], worker).state.phase, "starting");
    const { state } = play([...started, { at: 500 }], worker);
    assert.equal(state.phase, "healthy");
    assert.equal(supervisionDueAt(worker, play(started, worker).state), 500);
  });

  it("takes a process that a former agent started as starting, without a command", () => {
    const { state, last } = play([{ at: 0 }]);
    assert.equal(state.phase, "starting");
    assert.deepEqual(last, { kind: "none" });
  });
});

describe("supervision of resources", () => {
  const sample = (values: readonly number[], name: "cpu" | "memoryBytes"): Told[] =>
    values.map((value, index) => ({ at: 1_000 * (index + 1), usage: { ...calm, [name]: value } }));

  it("wants a restart when memory was above its limit in 3 of 5 samples", () => {
    const two = sample([2_000, 1, 2_000, 1, 1], "memoryBytes");
    assert.equal(play([...healthy, ...two]).state.wanted, null);
    const three = sample([2_000, 1, 2_000, 1, 2_000], "memoryBytes");
    assert.match(play([...healthy, ...three]).state.wanted?.reason ?? "", /memory .* 3 of 5/);
  });

  it("wants a restart when CPU was above its limit 5 times in a row, not 4", () => {
    assert.equal(play([...healthy, ...sample([1, 1, 1, 1], "cpu")]).state.wanted, null);
    assert.equal(play([...healthy, ...sample([1, 1, 1, 1, 0.1], "cpu")]).state.wanted, null);
    assert.match(
      play([...healthy, ...sample([1, 1, 1, 1, 1], "cpu")]).state.wanted?.reason ?? "",
      /CPU/,
    );
  });

  it("does not count CPU while the process starts", () => {
    assert.equal(play([...started, ...sample([1, 1, 1, 1, 1], "cpu")]).state.wanted, null);
  });

  it("drops the wish when its cause is gone", () => {
    const story = [...healthy, ...sample([2_000, 2_000, 2_000, 1, 1, 1], "memoryBytes")];
    assert.equal(play(story).state.wanted, null);
  });
});

describe("supervision of ends", () => {
  const ended = (at: number): Told => ({ at, isRunning: false, ending: "It ended with code 1" });

  it("restarts at once, then waits 0.5 s, 1 s, 2 s", () => {
    assert.equal(play([...healthy, ended(1_000)]).last?.kind, "start");
    const second = play([...healthy, ended(1_000), ended(1_100)]);
    assert.equal(second.state.phase, "waiting");
    assert.equal(second.state.until, 1_600);
    assert.equal(play([...healthy, ended(1_000), ended(1_100), ended(1_600)]).last?.kind, "start");
  });

  it("begins the back-off anew after a minute of health", () => {
    const twice = [
      ...healthy,
      ended(1_000),
      ended(1_100),
      ended(1_600),
      { at: 2_000, check: passing },
    ];
    assert.equal(play([...twice, ended(3_000)]).state.phase, "waiting");
    assert.equal(play([...twice, ended(62_000)]).last?.kind, "start");
  });

  it("rests after 5 restarts in 5 minutes, and tries once more after the retry window", () => {
    const crashes = Array.from({ length: 40 }, (_, index) => ended(1_000 + index * 500));
    const { state, commands } = play([...healthy, ...crashes]);
    assert.equal(state.phase, "unmonitored");
    assert.equal(commands.filter((it) => it.kind === "start").length, 6);
    const until = state.until ?? 0;
    assert.ok(until >= 301_000);
    assert.equal(play([ended(until)], rules, state).last?.kind, "start");
  });

  it("doubles the retry window up to an hour", () => {
    const windows = [0, 1, 2, 3, 4, 5].map(
      (times) => retryWindowMs(supervisionLimits, times) / 60_000,
    );
    assert.deepEqual(windows, [5, 10, 20, 40, 60, 60]);
  });
});

describe("stopping", () => {
  it("asks first and kills after the time-out, again and again", () => {
    const asked = [...healthy, { at: 1_000, isWanted: false }];
    assert.deepEqual(play(asked).last, { kind: "stop", reason: "It is no longer wanted" });
    assert.equal(play([...asked, { at: 4_999, isWanted: false }]).last?.kind, "none");
    const late = [...asked, { at: 5_000, isWanted: false }];
    assert.equal(play(late).last?.kind, "kill");
    assert.equal(play([...late, { at: 6_000, isWanted: false }]).last?.kind, "kill");
    const over = play([...late, { at: 6_001, isWanted: false, isRunning: false }]);
    assert.equal(over.state.phase, "idle");
  });
});

const inputs: fc.Arbitrary<SupervisionInput & { readonly afterMs: number }> = fc.record({
  isWanted: fc.boolean(),
  isRunning: fc.boolean(),
  ending: fc.constantFrom(null, "It ended with code 1"),
  check: fc.constantFrom(null, passing, failing),
  usage: fc.constantFrom(null, calm, { cpu: 2, memoryBytes: 5_000 }),
  afterMs: fc.integer({ min: 0, max: 20_000 }),
});
const runs = { numRuns: 300 };

describe("supervision, whatever happens", () => {
  it("never starts a process while one runs", () => {
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 80, size: "max" }), (story) => {
        let now = 0;
        let state = neverStarted(0);
        for (const input of story) {
          now += input.afterMs;
          const step = superviseStep(rules, state, input, now);
          state = step.state;
          if (input.isRunning || !input.isWanted) assert.notEqual(step.command.kind, "start");
        }
      }),
      runs,
    );
  });

  it("never touches a wanted process that passes its checks within its limits", () => {
    fc.assert(
      fc.property(
        fc.array(inputs, { maxLength: 40 }),
        fc.integer({ min: 1, max: 300 }),
        (story, steps) => {
          let now = 0;
          let state = neverStarted(0);
          for (const input of story) {
            now += input.afterMs;
            state = superviseStep(rules, state, { ...input, usage: null }, now).state;
          }
          fc.pre(state.phase === "healthy" && state.wanted === null);
          for (let index = 0; index < steps; index++) {
            now += 1_000;
            const content = {
              isWanted: true,
              isRunning: true,
              ending: null,
              check: passing,
              usage: calm,
            };
            const step = superviseStep(rules, state, content, now);
            state = step.state;
            assert.deepEqual(step.command, { kind: "none" });
            assert.equal(state.phase, "healthy");
          }
        },
      ),
      runs,
    );
  });

  it("restarts at most 5 times in any 5 minutes, however it crashes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 200, size: "max" }),
        (pauses) => {
          let now = 0;
          let state = superviseStep(rules, neverStarted(0), crashed(null), 0).state;
          const restarts: number[] = [];
          for (const pause of pauses) {
            now += pause;
            const step = superviseStep(rules, state, crashed("It ended"), now);
            state = step.state;
            if (step.command.kind === "start") restarts.push(now);
          }
          for (const at of restarts) {
            const near = restarts.filter((other) => other >= at && other < at + 300_000);
            assert.ok(near.length <= 5, `${near.length} restarts from ${at} on`);
          }
        },
      ),
      runs,
    );
  });

  it("never shortens the back-off while failures add up", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2_000 }), (failures) => {
        const now = backoffMs(supervisionLimits, failures);
        const next = backoffMs(supervisionLimits, failures + 1);
        assert.ok(next >= now && next <= supervisionLimits.backoffMsMax);
      }),
    );
  });

  it("always comes back to what is wanted once nothing goes wrong any more", () => {
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60, size: "max" }), (story) => {
        let now = 0;
        let state = neverStarted(0);
        for (const input of story) {
          now += input.afterMs;
          state = superviseStep(rules, state, input, now).state;
        }
        let isRunning = false;
        for (let index = 0; index < 5_000 && state.phase !== "healthy"; index++) {
          now += 1_000;
          const input = { isWanted: true, isRunning, ending: null, check: passing, usage: calm };
          const step = superviseStep(
            rules,
            state,
            { ...input, check: isRunning ? passing : null },
            now,
          );
          state = step.state;
          if (step.command.kind === "start") isRunning = true;
          if (step.command.kind === "stop" || step.command.kind === "kill") isRunning = false;
        }
        assert.equal(state.phase, "healthy");
      }),
      runs,
    );
  });
});

function crashed(ending: string | null): SupervisionInput {
  return { isWanted: true, isRunning: false, ending, check: null, usage: null };
}
