import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Rules } from "../core/scaling/rules/rules.ts";
import { printCondition } from "../core/scaling/rules/print.ts";
import { formatIssue } from "./issue.ts";
import { readSiteFile } from "./site-file.ts";

function read(scale: string) {
  const indented = scale.replaceAll("\n", "\n    ");
  const text = `site: shop\nweb:\n  run: a\n  machines: 1..20\n  scale:\n    ${indented}\n`;
  return readSiteFile([{ path: "f", text }]);
}

function rulesOf(scale: string): Rules | null {
  const reading = read(scale);
  assert.ok(
    reading.kind === "site",
    reading.kind === "issues" ? reading.issues.map(formatIssue).join("\n") : "",
  );
  return reading.site.roles[0]?.scaling.rules ?? null;
}

function issuesOf(scale: string): readonly string[] {
  const reading = read(scale);
  return reading.kind === "issues" ? reading.issues.map(formatIssue) : [];
}

const everything = `
aim: { slow: 1s, at most: 0.1%, machine-hour is worth: 300 slow requests }
targets:
  - in_flight per machine: 2.8
  - { cpu: 65%, tolerance: 5% }
when:
  - { name: jam, if: "queue > 0 for 5s", do: "add max(2, 50%)" }
  - if: cpu > 85% for 20s or (p95(rt) > 600ms for 30s and requests(30s) >= 50)
    do: add 3
  - { name: steps, on: "avg(cpu, 1m)", steps: { "<30%": "-30%", ">70%": "+30%", ">90%": "x2" } }
  - { name: db, if: "mysql.threads_running > 40", do: hold up }
schedule:
  - { on: "Mon-Fri 08:00-18:00 Europe/Zurich", min: 6 }
  - { on: "2026-06-11 20:30 for 3h UTC", min: 20, why: final }
limits: { up: 100% or 8 per 30s, down: 20% per 1m, hold: 10m, cooldown: { up: 20s, down: 1m }, launches: 60 per 10m }
spend: { per hour: 12 USD, per month: 2500 USD, then: cap }
missing: { older than: 45s }
metrics: { mysql.threads_running: { run: ./threads, every: 5s } }
mode: shadow`.trim();

describe("scale: in the site file", () => {
  it("is compiled into plain data", () => {
    const rules = rulesOf(everything);
    assert.ok(rules !== null);
    assert.deepEqual(JSON.parse(JSON.stringify(rules)), rules);
    assert.deepEqual(rules.aim, { slowS: 1, shareMax: 0.001, worth: 300 });
    assert.deepEqual(
      rules.targets.map(({ name, target, tolerance }) => [name, target, tolerance]),
      [
        ["in_flight per machine", 2.8, 0.1],
        ["cpu", 0.65, 0.05],
      ],
    );
    assert.deepEqual(
      rules.when.map((rule) => [
        rule.name,
        rule.kind === "if" ? printCondition(rule.if) : rule.steps.length,
      ]),
      [
        ["jam", "queue > 0 for 5s"],
        ["rule 2", "cpu > 85% for 20s or p95(rt, 10s) > 600ms for 30s and requests(30s) >= 50"],
        ["steps", 3],
        ["db", "mysql.threads_running > 40"],
      ],
    );
    assert.deepEqual(Object.keys(rules.zones), ["Europe/Zurich", "UTC"]);
    assert.deepEqual(rules.limits, {
      holdS: 600,
      up: { share: 1, machines: 8, seconds: 30 },
      down: { share: 0.2, machines: null, seconds: 60 },
      cooldownUpS: 20,
      cooldownDownS: 60,
      launches: { machines: 60, seconds: 600 },
    });
    assert.deepEqual(rules.spend, { perHour: 12, perMonth: 2500, currency: "USD", isCap: true });
    assert.deepEqual([rules.olderS, rules.mode, rules.metrics.length], [45, "shadow", 1]);
  });

  it("needs none of it: in_flight and hold alone mean what they meant", () => {
    assert.equal(rulesOf("{ in_flight: 20, hold: 5m }"), null);
    const floor = rulesOf('schedule: [{ on: "daily 08:00-18:00 UTC", min: 3 }]');
    assert.deepEqual([floor?.targets, floor?.aim?.slowS, floor?.limits.holdS], [[], 1, 600]);
    const aimed = rulesOf("in_flight: 5\naim: { slow: 2s }");
    assert.deepEqual([aimed?.targets, aimed?.aim?.slowS], [[], 2]);
    const both = rulesOf("in_flight: 5\ntargets: [{ cpu: 50% }]");
    assert.deepEqual(
      both?.targets.map(({ name, target }) => [name, target]),
      [
        ["cpu", 0.5],
        ["in_flight per machine", 5],
      ],
    );
    assert.equal(both?.aim, null);
    assert.deepEqual(rulesOf("targets: [{ cpu: 50% }]")?.targets.length, 1);
  });

  it("is refused with file, line and column down to the column within an expression", () => {
    for (const [scale, issue] of [
      [
        'when: [{ if: "cpu > 600ms", do: add 1 }]',
        "f:6:25: web.scale.when[0].if: expected a percentage such as 70%, found 600ms",
      ],
      [
        "when: [{ if: cpu > 600ms, do: add 1 }]",
        "f:6:24: web.scale.when[0].if: expected a percentage such as 70%, found 600ms",
      ],
      [
        "when:\n  - if: cpo > 60%\n    do: add 1",
        "f:7:13: web.scale.when[0].if: found cpo, which is no metric; did you mean cpu?",
      ],
      [
        'when: [{ if: cpu > 60%, do: "add  ten" }]',
        'f:6:39: web.scale.when[0].do: expected a number of machines such as 3, or a share such as 50%, found "ten"',
      ],
      [
        "targets: [{ cpu: 600ms }]",
        "f:6:22: web.scale.targets[0].cpu: expected a percentage such as 70%, found 600ms",
      ],
      [
        "targets: [{ queue: 4 }]",
        "f:6:24: web.scale.targets[0].queue: queue does not fall as machines are added; take a metric of a machine such as cpu, or say per machine",
      ],
      [
        'targets: [{ "avg(cpi, 1m)": 60% }]',
        "f:6:22: web.scale.targets[0].avg(cpi, 1m): found cpi, which is no metric",
      ],
      [
        'when: [{ on: cpu, steps: { ">5kg": "+1" } }]',
        'f:6:34: web.scale.when[0].steps.>5kg: found "5kg", whose unit is not known',
      ],
      [
        "when: [{ if: cpu > 60% }]",
        "f:6:12: web.scale.when[0]: a rule needs either if and do, or on and steps",
      ],
      [
        'schedule: [{ on: "Mon 08:00-18:00 Mars/Olympus", min: 3 }]',
        "f:6:39: web.scale.schedule[0].on: expected a time zone such as Europe/Zurich or UTC, found Mars/Olympus",
      ],
      [
        'schedule: [{ on: "Mon 08:00-18:00 UTC", min: 3, max: 2 }]',
        "f:6:58: web.scale.schedule[0].max: at most 2 is less than at least 3",
      ],
      [
        "limits: { up: 8 per 30 }",
        'f:6:25: web.scale.limits.up: expected a duration such as 30s, found "30"',
      ],
      ["aim: { at most: 1% }", "f:6:10: web.scale.aim: an aim needs slow: which answers are slow"],
      [
        "metrics: { cpu: { run: x } }",
        "f:6:21: web.scale.metrics.cpu: cpu has a meaning of its own; give it another name",
      ],
      [
        "metrics: { jobs: { run: x, url: 'http://y' } }",
        "f:6:22: web.scale.metrics.jobs: expected either run",
      ],
      [
        "spend: { per hour: 12 USD, per month: 9 EUR }",
        "f:6:43: web.scale.spend.per month: both amounts need the same currency",
      ],
      [
        "when:\n  - { name: a, if: cpu > 60%, do: add 1 }\n  - { name: a, if: cpu > 70%, do: add 1 }",
        "f:8:9: web.scale.when[1]: a is the name of another rule",
      ],
    ] as const) {
      const [first = ""] = issuesOf(scale);
      assert.ok(first.startsWith(issue), `${scale}\n${first}\n${issue}`);
    }
  });

  it("stays at the beginning of a text whose columns cannot be told", () => {
    assert.match(issuesOf('when: [{ if: "cpu \\x3e 600ms", do: add 1 }]')[0] ?? "", /^f:6:18:/);
    assert.match(
      issuesOf("when:\n  - if: >-\n      cpu > 600ms\n    do: add 1")[0] ?? "",
      /^f:7:1\d:/,
    );
  });

  it("tells, with the place, what is allowed and will hardly do what was meant", () => {
    const reading = read("targets: [{ cpu: 85% }]\nwhen: [{ if: p95(rt) > 1s, do: add 1 }]");
    assert.ok(reading.kind === "site");
    assert.deepEqual(
      reading.doubts.map(({ line, column, path, code }) => [line, column, path, code]),
      [
        [6, 15, "web.scale.targets[0]", "doubtful"],
        [7, 18, "web.scale.when[0].if", "doubtful"],
      ],
    );
  });
});
