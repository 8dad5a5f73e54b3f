import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { costOf } from "./cost.ts";
import { knownMetrics } from "./metric.ts";
import { parseCondition, parseFigure, parseValue } from "./parse.ts";
import { printCondition, printValue } from "./print.ts";
import { anyCondition } from "../../../../test/harness/random-rules.ts";

const metrics = knownMetrics([
  { name: "jobs", unit: "number", everyS: 10, from: { kind: "run", command: "count-jobs" } },
  { name: "mysql.threads_running", unit: "number", everyS: 1, from: { kind: "url", url: "x" } },
]);

function printed(text: string): string {
  const parsed = parseCondition(text, metrics);
  return parsed.isRight ? printCondition(parsed.value) : wrongIn(parsed);
}

function wrongIn(parsed: { column: number; message: string; hint: string }): string {
  return `${parsed.column}: ${parsed.message}${parsed.hint === "" ? "" : `; ${parsed.hint}`}`;
}

describe("parseCondition", () => {
  it("reads what the language can say, and prints it in one form", () => {
    for (const [text, canonical] of [
      ["queue>0 for 5s", "queue > 0 for 5s"],
      [
        "cpu > 85% for 20s or (p95(rt) > 600ms for 30s and requests(30s) >= 50)",
        "cpu > 85% for 20s or p95(rt, 10s) > 600ms for 30s and requests(30s) >= 50",
      ],
      ["mysql.threads_running > 40", "mysql.threads_running > 40"],
      ["(cpu < 40% and queue == 0) for 10m", "(cpu < 40% and queue == 0) for 10m"],
      ["not (cpu > 70% or queue > 0)", "not (cpu > 70% or queue > 0)"],
      ["cpu > 70% until < 60%", "cpu > 70% until < 60%"],
      ["in_flight per machine > 0.8 * slots", "in_flight per machine > 0.8 * slots"],
      ["(in_flight + queue) per machine > 3", "(in_flight + queue) per machine > 3"],
      ["forecast(arrivals, boot + 60s) > 200/s", "forecast(arrivals, boot + 1m) > 200/s"],
      ["max(cpu, 1m) > max(50%, 70%)", "max(cpu, 1m) > max(50%, 70%)"],
      ["errors / arrivals > 1%", "errors / arrivals > 1%"],
      ["rate(jobs, 1m) > 12000/h", "rate(jobs, 1m) > 3.33333333333/s"],
      [
        "slope(cpu, 5m) > 10% and ceil(jobs / 10) > machines",
        "slope(cpu, 5m) > 10% and ceil(jobs / 10) > machines",
      ],
      ["cpu - (5% - 2%) > 7%", "cpu - (5% - 2%) > 7%"],
      ["slope(cpu, 5m) < -10%", "slope(cpu, 5m) < -10%"],
    ] as const) {
      assert.equal(printed(text), canonical);
    }
  });

  it("says at which column what was found, and what is allowed", () => {
    for (const [text, wrong] of [
      [
        "rt > 600ms",
        "1: found rt, which is many response times; take a percentile such as p95(rt)",
      ],
      ["p95(rt) > 85%", "11: expected a duration such as 600ms, found 85%"],
      ["cpu > 600ms", "7: expected a percentage such as 70%, found 600ms"],
      ["arrivals > 200", "12: expected a rate such as 200/s, found 200"],
      ["cpu > 85", "7: expected a percentage such as 70%, found 85"],
      ["cpo > 85%", "1: found cpo, which is no metric; did you mean cpu?"],
      ["cpu = 85%", '5: expected ==, which compares, found "="'],
      ["cpu", "4: expected a comparison such as > 70%, found the end"],
      ["cpu > 85% for", "14: expected a duration such as 30s, found the end"],
      ["cpu > 85% for 2h", '15: expected whole seconds, at most 1h, found "2h"'],
      ["cpu > 85% queue > 0", '11: expected and, or, or the end, found "queue"'],
      ["(cpu > 85%", '11: expected ")" for the ( at 1, found the end'],
      ["cpu per machine > 1%", "1: found per machine after a mean over the machines"],
      ["avg(jobs, 5s) > 1", "11: found 5s, but jobs is read every 10s; take a longer window"],
      [
        "cpu + 5s > 1%",
        "5: found a percentage such as 70% + a duration such as 600ms, which has no meaning",
      ],
      ["cpu > 70% until > 60%", '19: expected < or <= after until, found "60%"'],
      [
        "mean(cpu, 1m) > 1%",
        '1: found "mean", which is no function; there are avg, max, min, sum, rate, slope, p50 … p99, requests, forecast, ceil',
      ],
      ["cpu > 5 %", `9: found "%", which has no meaning here`],
      [
        "cpu > 5kg",
        '7: found "5kg", whose unit is not known; units are %, ms, s, m, h, d, /s, /m, /h, B, KB, MB, GB, TB, KiB, MiB, GiB, TiB',
      ],
      ["cpu > 5% & x", '10: found "&", which has no meaning here'],
      ["", "1: expected a metric or a figure, found the end"],
      ["sum(cpu, 1m) > 1%", "5: found sum of a percentage such as 70%"],
      ["(".repeat(30), '22: expected at most 20 levels, found "("'],
      [
        "max(cpu, 10m) > 1% for 10m",
        "24: expected a shorter time, since each of its seconds looks back as well",
      ],
      [
        Array.from({ length: 12 }, () => "cpu > 1% for 1h").join(" or "),
        "1: expected shorter windows: all of them together are too long",
      ],
      [`${"1 + ".repeat(60)}1 > 1`, "1: expected fewer steps, or parentheses, in one expression"],
      ["x".repeat(2_001), "1: expected at most 2000 characters"],
    ] as const) {
      assert.equal(printed(text), wrong, text);
    }
  });

  it("reads back what it prints", () => {
    fc.assert(
      fc.property(anyCondition, (condition) => {
        fc.pre(costOf(condition) <= 40_000);
        const text = printCondition(condition);
        const parsed = parseCondition(text, metrics);
        assert.ok(parsed.isRight, `${text}: ${parsed.isRight ? "" : wrongIn(parsed)}`);
        const read: unknown = JSON.parse(JSON.stringify(parsed.value), (key, value: unknown) =>
          key === "column" ? 1 : value,
        );
        assert.deepEqual(read, JSON.parse(JSON.stringify(condition)), text);
      }),
      { numRuns: 300 },
    );
  });

  it("takes any text without throwing, and names a place inside it", () => {
    const words = fc.constantFrom(
      ..."cpu queue rt > < == until for and or not ( ) , + - * / 70% 5s 3 p95(rt) max( avg(cpu,1m) per machine é \0".split(
        " ",
      ),
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 20 }).map((w) => w.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseCondition(text, metrics);
        if (!parsed.isRight) assert.ok(parsed.column >= 1 && parsed.column <= text.length + 1);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("parseValue and parseFigure", () => {
  it("know their unit", () => {
    const value = parseValue("avg(cpu, 1m)", metrics);
    assert.ok(value.isRight && value.value.unit === "share");
    assert.equal(printValue(value.value.value), "avg(cpu, 1m)");
    assert.deepEqual(parseFigure("7%"), { isRight: true, value: { value: 0.07, unit: "share" } });
    assert.ok(!parseFigure("7% 8%").isRight);
  });
});
