import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readScaleFile } from "../site/scale-file.ts";
import { createArrivals } from "./arrivals.ts";
import { isLookingAhead, neverMeasured } from "./metrics.ts";
import { usualModel } from "./model.ts";
import { coarser } from "./picture.ts";
import { runTrial } from "./trial.ts";
import type { Contender, Outcome } from "./trial.ts";

const dayS = 86_400;

function settingsOf(text: string) {
  const reading = readScaleFile({ path: "rules.yaml", text });
  assert.ok(reading.kind === "scale", JSON.stringify(reading));
  return reading.settings;
}

interface Wish {
  readonly rules?: string;
  readonly rates: Float64Array;
  readonly fromS?: number;
  readonly min?: number;
  readonly max?: number;
  readonly machineHour?: number | null;
}

function play({ rules, rates, fromS = 0, min = 2, max = 60, machineHour = null }: Wish): Outcome {
  const trace = { startS: 0, stepS: 60, rates };
  const arrivals = createArrivals(trace, { fromS, toS: rates.length * 60, scale: 1, seed: 1 });
  const contender: Contender =
    rules === undefined
      ? { kind: "static_peak" }
      : { kind: "rules", name: "web", settings: settingsOf(rules) };
  const model = { ...usualModel, min, max };
  const scenario = { arrivals, model, seed: 1, startMachines: null };
  return runTrial({ scenario, contender, isExact: false, machineHour });
}

/** Calm, then much more from one minute to the next. */
function spikeAt(minute: number, minutes: number): Float64Array {
  return Float64Array.from({ length: minutes }, (_, m) => (m >= minute ? 300 : 30));
}

function worstCause(wish: Wish): string {
  const [worst] = play(wish).worstMinutes;
  return worst === undefined ? "none" : `${worst.cause.kind}: ${worst.cause.sentence}`;
}

describe("why a minute was bad", () => {
  const rates = spikeAt(30, 60);

  it("is the boot time where machines were asked for at once", () => {
    assert.match(
      worstCause({ rules: "aim: { slow: 1s }", rates }),
      /^boot_bound: it took \d+ machines, \d served: a new one takes 60 s$/,
    );
  });

  it("is the maximum where no more are allowed", () => {
    assert.match(
      worstCause({ rules: "aim: { slow: 1s }", rates, max: 5 }),
      /^capped_by_max: it took \d+ machines, at most 5 are allowed$/,
    );
  });

  it("is the rule where it asks late, or is held back", () => {
    const late = 'when: [{ if: "cpu > 60% for 3m", do: x2 }]';
    assert.match(worstCause({ rules: late, rates }), /^rule_too_slow: it took \d+ machines/);
    const limited = "aim: { slow: 1s }\nlimits: { up: 1 per 5m }";
    assert.match(worstCause({ rules: limited, rates }), /^rule_too_slow: .* no faster by limits$/);
  });

  it("is the money where no more may be paid for", () => {
    const rules = "aim: { slow: 1s }\nspend: { per hour: 0.50 USD }";
    assert.match(
      worstCause({ rules, rates, machineHour: 0.1 }),
      /^spend_cap: it took \d+ machines, 5 may be paid for$/,
    );
  });

  it("is the forecast where earlier days let expect less", () => {
    const days = spikeAt(1_500, 1_560);
    const missed = /^forecast_missed: it took \d+ machines, the day before at that time \d$/;
    assert.match(worstCause({ rules: "aim: { slow: 1s }", rates: days }), missed);
    assert.match(worstCause({ rules: "aim: { slow: 1s }", rates: days, fromS: dayS }), missed);
    assert.match(
      worstCause({ rules: "targets: [{ in_flight per machine: 2 }]", rates: days, fromS: dayS }),
      /^(boot|rule)/,
    );
  });

  it("is chance where there were machines enough", () => {
    const steady = new Float64Array(240).fill(200);
    const outcome = play({ rules: "aim: { slow: 1s }", rates: steady, min: 20, max: 20 });
    assert.ok(outcome.worstMinutes.length > 0);
    assert.ok(outcome.worstMinutes.every(({ cause }) => cause.kind === "chance"));
  });
});

describe("a trial", () => {
  it("counts who never got an answer as slow, too", () => {
    const outcome = play({ rules: "aim: { slow: 1s }", rates: spikeAt(30, 60), max: 3 });
    assert.ok(outcome.failed > 0.1);
    assert.ok(outcome.slow > outcome.failed);
    assert.ok(outcome.slow <= 1);
    assert.equal(outcome.machinesMax, 3);
  });

  it("gives a picture of a few points that keeps the peak", () => {
    const { picture } = play({ rates: spikeAt(30, 60) });
    assert.equal(picture.spanS, 3);
    assert.equal(picture.demand.length, 1_200);
    const coarse = coarser(picture, 70);
    assert.ok(coarse.demand.length <= 70);
    assert.equal(Math.max(...coarse.demand), Math.max(...picture.demand));
  });
});

describe("what rules look at", () => {
  it("is told where nobody measures it", () => {
    const { rules } = settingsOf(
      "targets: [{ load: 2 }]\n" +
        'when: [{ if: "queue > 1 and not (jobs > 3 for 5s)", do: add 1 }]\n' +
        "metrics: { jobs: { run: ls } }\n",
    );
    assert.ok(rules !== null && rules !== undefined);
    assert.deepEqual(neverMeasured(rules), ["jobs", "load"]);
    assert.equal(isLookingAhead(rules), false);
  });

  it("may be what comes", () => {
    const { rules } = settingsOf('when: [{ if: "forecast(arrivals, boot) > 9/s", do: add 1 }]');
    assert.ok(rules !== null && rules !== undefined);
    assert.deepEqual(neverMeasured(rules), []);
    assert.equal(isLookingAhead(rules), true);
  });
});
