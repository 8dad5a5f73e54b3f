import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aView, steadyResponses, type ViewWish } from "../../../../test/harness/role-view.ts";
import type { Earlier } from "../view.ts";
import { measure } from "./measure.ts";
import { knownMetrics } from "./metric.ts";
import { parseValue } from "./parse.ts";
import { takeSight } from "./sight.ts";

const NOW = 1_800_000_000;
const metrics = knownMetrics([
  { name: "jobs", unit: "number", everyS: 10, from: { kind: "run", command: "count-jobs" } },
]);
const since = (second: number): number => second - (NOW - 600);

function valueOf(text: string, wish: ViewWish, earlier: Earlier | null = null): number {
  const parsed = parseValue(text, metrics);
  assert.ok(parsed.isRight, parsed.isRight ? "" : parsed.message);
  const view = { ...aView(NOW, { past: 600, ...wish }), earlier };
  return Number(measure(parsed.value.value, takeSight(view, metrics, NOW, 30), NOW).toFixed(6));
}

describe("measure", () => {
  const rising: ViewWish = { metrics: { load: since, cpu: 0.5 }, ready: 4 };

  it("looks back", () => {
    assert.equal(valueOf("load", rising), 599);
    assert.equal(valueOf("avg(load, 10s)", rising), 594.5);
    assert.equal(valueOf("max(load, 10s) - min(load, 10s)", rising), 9);
    assert.equal(valueOf("slope(load, 1m)", rising), 60);
    assert.equal(valueOf("requests(30s)", { arrivals: 20 }), 600);
    assert.equal(valueOf("p95(rt, 1m)", { responses: steadyResponses(0.4, 10) }), 0.4);
  });

  it("follows a counter that begins anew", () => {
    const counter = (second: number): number =>
      second < NOW - 30 ? since(second) * 5 : since(second) - 570;
    assert.ok(Math.abs(valueOf("rate(load, 1m)", { metrics: { load: counter } }) - 3) < 0.2);
  });

  it("reads a metric that comes every ten seconds", () => {
    const jobs = (second: number): number | null => (second % 10 === 5 ? 40 : null);
    assert.equal(valueOf("jobs", { metrics: { jobs } }), 40);
    assert.equal(valueOf("avg(jobs, 1m)", { metrics: { jobs } }), 40);
    const gone = (second: number): number | null => (second < NOW - 31 ? jobs(second) : null);
    assert.equal(valueOf("avg(jobs, 1m)", { metrics: { jobs: gone } }), Number.NaN);
  });

  it("knows no number where there is none", () => {
    for (const text of [
      "cpu",
      "avg(cpu, 1m)",
      "max(cpu, 1m)",
      "p95(rt)",
      "errors / arrivals",
      "slope(cpu, 1m)",
      "forecast(cpu, 1m)",
    ]) {
      assert.equal(valueOf(text, { arrivals: 0, metrics: { errors: 0 } }), Number.NaN, text);
    }
    const stale = (second: number): number | null => (second < NOW - 60 ? 3 : null);
    assert.equal(valueOf("avg(load, 10m)", { metrics: { load: stale } }), Number.NaN);
    const wish = { arrivals: 5, metrics: { errors: 0 } };
    assert.equal(valueOf("min(arrivals / errors, 50%)", wish), Number.NaN);
    assert.equal(valueOf("in_flight per machine", { ready: 0, busy: 3 }), Number.NaN);
  });

  it("reckons with the pool", () => {
    const wish = { ready: 5, busy: 12, queue: 3, slots: 4, bootS: 25 };
    assert.equal(valueOf("in_flight per machine", wish), 3);
    assert.equal(valueOf("ceil(in_flight / slots) + max(machines, 2)", wish), 9);
    assert.equal(valueOf("boot + 1m", wish), 85);
  });

  it("looks ahead: to what came at that time on earlier days, corrected to today, and never below now", () => {
    const wish = { arrivals: 100 };
    const earlier: Earlier = {
      rate: (second) =>
        second > NOW - 300 ? null : second % 86_400 > (NOW + 300) % 86_400 ? 300 : 50,
    };
    assert.equal(valueOf("forecast(arrivals, 10m)", wish, earlier), 300);
    assert.equal(valueOf("forecast(arrivals, 1s)", wish, earlier), 100);
    assert.equal(valueOf("forecast(arrivals, 10m)", wish), 100);
    assert.equal(valueOf("forecast(load, 1m)", rising), 659);
  });
});
