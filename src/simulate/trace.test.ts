import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseTimestamp } from "./timestamp.ts";
import { parseTrace } from "./trace.ts";
import type { ParsedTrace, Trace } from "./trace.ts";

function read(...lines: readonly string[]): ParsedTrace {
  return parseTrace(lines.join("\n"));
}

function traceOf(parsed: ParsedTrace): Trace {
  if (parsed.kind === "unreadable") throw new Error(JSON.stringify(parsed.issues));
  return parsed.trace;
}

/** The first objection, with its line. */
function objection(...lines: readonly string[]): string {
  const parsed = read(...lines);
  if (parsed.kind === "trace") return "none";
  const [issue] = parsed.issues;
  return `${issue?.line ?? "file"}: ${issue?.message}`;
}

describe("parseTrace", () => {
  it("reads rates at even steps, with a heading or without, by ISO-8601 or epoch seconds", () => {
    const iso = read("timestamp,rps", "2026-06-11T20:30:00Z,1.5", "2026-06-11T20:31:00Z,2");
    const epoch = read("\uFEFF1781209800,1.5\r", "1781209860, 2e0\r", "");
    for (const parsed of [iso, epoch]) {
      const { startS, stepS, rates } = traceOf(parsed);
      assert.deepEqual([startS, stepS, [...rates]], [1_781_209_800, 60, [1.5, 2]]);
      assert.deepEqual(parsed.kind === "trace" && parsed.warnings, []);
    }
  });

  it("fills whole steps that are missing by the mean of the neighbours, and says so", () => {
    const parsed = read("0,1", "60,2", "240,6", "300,7", "420,9");
    assert.deepEqual([...traceOf(parsed).rates], [1, 2, 4, 4, 6, 7, 8, 9]);
    assert.deepEqual(parsed.kind === "trace" && parsed.warnings, [
      {
        line: 3,
        message: "2 steps are missing before this line; the mean of the neighbours is taken",
      },
      {
        line: 5,
        message: "1 step is missing before this line; the mean of the neighbours is taken",
      },
    ]);
  });

  it("says which line is wrong, what it found and what is allowed", () => {
    const number =
      "but after the time comes one number of requests per second, from 0 to 1000000000";
    assert.equal(
      objection("Timestamp, requests_per_second", "0,1", "60,NaN"),
      `3: Found "NaN", ${number}`,
    );
    assert.equal(objection("0,1", "60,-3"), `2: Found "-3", ${number}`);
    assert.equal(objection("0,1", "60,"), `2: Found nothing, ${number}`);
    assert.equal(objection("0,1", "60,1e300"), `2: Found "1e300", ${number}`);
    assert.equal(objection("0,1", "60,Infinity"), `2: Found "Infinity", ${number}`);
    assert.equal(objection("0,1", "60,1,2"), `2: Found "60,1,2", ${number}`);
    const time = "but a line begins with a time: 2026-06-11T20:30:00Z (UTC) or seconds since 1970";
    assert.equal(
      objection("0,1", "2026-02-29T00:00:00Z,1"),
      `2: Found "2026-02-29T00:00:00Z", ${time}`,
    );
    assert.equal(objection("2026-06-11T20:30:00,1"), `1: Found "2026-06-11T20:30:00", ${time}`);
    assert.equal(objection("1781209800000,1"), `1: Found "1781209800000", ${time}`);
    assert.equal(
      objection("60,1", "60,2"),
      '2: Found "60", which is not later than line 1; times increase from line to line',
    );
    assert.equal(
      objection("0,1", "60,2", "150,2"),
      "3: Found 90 s since line 2, but lines are 60 s apart, or a multiple of it",
    );
    assert.equal(
      objection("0,1", "60,2", "120,2", "127,2", "180,2"),
      "4: Found 7 s since line 3, but lines are 60 s apart, or a multiple of it",
    );
    const two = "but a trace has at least two lines such as 2026-06-11T20:30:00Z,12.5";
    assert.equal(objection(""), `file: Found no rows, ${two}`);
    assert.equal(objection("timestamp,rps", "0,1"), `file: Found one row, ${two}`);
    assert.match(objection("0,1", "1,1", "9000000000,1"), /^file: Found steps of 1 s over /);
  });

  it("tells at most ten issues, and none in bytes that a terminal obeys", () => {
    const parsed = parseTrace("\u001B[2J\u009B\u202E,\u0000\n".repeat(1_000));
    assert.equal(parsed.kind === "unreadable" && parsed.issues.length, 10);
    assert.match(parsed.kind === "unreadable" ? (parsed.issues[0]?.message ?? "") : "", /^[ -~]+$/);
  });

  it("answers whatever it is given", () => {
    const cell = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.integer({ min: -10, max: 2 ** 40 }).map(String),
      fc.double().map(String),
      fc.constantFrom("timestamp", "rps", "2026-06-11T20:30:00Z", "", "\uFEFF", "NaN", '"'),
    );
    const line = fc.array(cell, { maxLength: 3 }).map((cells) => cells.join(","));
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n")),
    );
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseTrace(given);
        if (parsed.kind === "unreadable") return assert.ok(parsed.issues.length > 0);
        assert.ok(parsed.trace.rates.every((rate) => rate >= 0 && Number.isFinite(rate)));
        assert.ok(parsed.trace.stepS > 0 && parsed.trace.rates.length >= 2);
      }),
      { numRuns: 250 },
    );
  });

  it("reads back what was written, with any lines left out between the first two and the last", () => {
    const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
    const written = fc.tuple(fc.nat(2e9), fc.integer({ min: 1, max: 3_600 }));
    fc.assert(
      fc.property(
        written,
        fc.array(rate, { minLength: 3, maxLength: 40 }),
        fc.func(fc.boolean()),
        ([start, step], rates, isKept) => {
          const kept = rates.map((_, i) => i < 2 || i === rates.length - 1 || isKept(i));
          const lines = rates.flatMap((r, i) =>
            kept[i] === true ? [`${start + i * step},${r}`] : [],
          );
          const trace = traceOf(read(...lines));
          assert.deepEqual(
            [trace.startS, trace.stepS, trace.rates.length],
            [start, step, rates.length],
          );
          for (const [i, r] of rates.entries())
            if (kept[i] === true) assert.equal(trace.rates[i], r);
        },
      ),
    );
  });
});

describe("parseTimestamp", () => {
  it("knows the calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999_999 }), (second) => {
        assert.equal(parseTimestamp(new Date(second * 1000).toISOString()), second);
      }),
      { numRuns: 500 },
    );
  });
});
