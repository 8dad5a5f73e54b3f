import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isNews, reportNews } from "./report-news.ts";
import type { AgentReport, BalancerReport, ProcessReport } from "./report.ts";

const process: ProcessReport = {
  id: 3,
  state: "healthy",
  since: 0,
  pid: 10,
  address: "127.0.0.2",
  port: 20_000,
  cpu: 0,
  memoryBytes: 0,
  restarts: 0,
  restartWanted: null,
  problem: null,
  lastLines: [],
};

const balancer: BalancerReport = {
  engine: "HAProxy 2.6.12",
  pid: 20,
  isServing: true,
  generation: 1,
  reloads: 0,
  drift: [],
  problem: null,
  totals: { epoch: "e", requests: 0, failed: 0 },
  pools: [],
  servers: [],
};

function report(wish: Partial<AgentReport>): AgentReport {
  return {
    machine: "web-1",
    bootId: "b",
    at: 5,
    generation: 1,
    cpu: 0,
    memoryBytes: 0,
    processes: [process],
    tasks: [],
    balancer: null,
    ...wish,
  };
}

function told(before: Partial<AgentReport>, now: Partial<AgentReport>): readonly string[] {
  return reportNews(report(before), report(now)).map(({ kind, reason }) => `${kind}: ${reason}`);
}

describe("reportNews", () => {
  it("has nothing to tell when nothing happened, or nothing can be compared", () => {
    assert.deepEqual(told({}, {}), []);
    assert.deepEqual(reportNews(null, report({})), []);
    assert.deepEqual(told({ bootId: "a" }, { processes: [{ ...process, restarts: 2 }] }), []);
  });

  it("tells of restarts with their cause, of flapping, and of worn processes", () => {
    const ended = { ...process, restarts: 1, problem: "it ended with code 1" };
    assert.deepEqual(told({}, { processes: [ended] }), [
      "restart: process 3 was started again: it ended with code 1",
    ]);
    assert.deepEqual(told({}, { processes: [{ ...ended, state: "unmonitored" }] }), [
      "flapping: process 3 keeps ending and rests now: it ended with code 1",
    ]);
    assert.deepEqual(told({}, { processes: [{ ...process, restartWanted: "memory" }] }), [
      "worn: process 3 is to be replaced: memory",
    ]);
  });

  it("tells each drift once, and a restart of the balancer from a reload", () => {
    const drift = [{ at: 7, what: "web/web-1.3 was in maint by hand" }];
    assert.deepEqual(told({ balancer }, { balancer: { ...balancer, drift } }), [
      "drift: web/web-1.3 was in maint by hand",
    ]);
    const same = { ...balancer, drift };
    assert.deepEqual(told({ balancer: same }, { balancer: same }), []);
    assert.deepEqual(told({ balancer }, { balancer: { ...balancer, pid: 21 } }), [
      "restart: HAProxy 2.6.12 was started",
    ]);
    assert.deepEqual(told({ balancer }, { balancer: { ...balancer, pid: null } }), [
      "restart: HAProxy 2.6.12 ended",
    ]);
    assert.deepEqual(told({ balancer }, { balancer: { ...balancer, pid: 21, reloads: 1 } }), [
      "reload: HAProxy 2.6.12 took a new configuration",
    ]);
  });
});

describe("what may need a decision", () => {
  const before = report({ processes: [process] });
  const now = (wish: Partial<ProcessReport>): AgentReport =>
    report({ at: 9, processes: [{ ...process, ...wish }] });

  it("is not that time went on and figures moved", () => {
    assert.equal(isNews(before, now({ cpu: 0.5, memoryBytes: 7 })), false);
  });

  it("is a first report, and one of another agent", () => {
    assert.equal(isNews(null, before), true);
    assert.equal(isNews(before, { ...now({}), bootId: "c" }), true);
  });

  it("is whatever happened to a process or a task", () => {
    const wishes: readonly Partial<ProcessReport>[] = [
      { id: 4 },
      { state: "unhealthy" },
      { pid: null },
      { address: null },
      { port: 20_001 },
      { restarts: 1 },
      { restartWanted: "memory" },
      { problem: "GET /up answered 503" },
    ];
    for (const wish of wishes) assert.equal(isNews(before, now(wish)), true, JSON.stringify(wish));
    assert.equal(isNews(before, report({ processes: [] })), true);
    const task = { id: "t", state: "running", exitCode: null, lastLines: [] } as const;
    const working = report({ processes: [process], tasks: [task] });
    assert.equal(isNews(before, working), true);
    const done = report({ processes: [process], tasks: [{ ...task, state: "done" }] });
    assert.equal(isNews(working, done), true);
  });

  it("is every report of a balancer, which tells the load", () => {
    assert.equal(isNews(report({ balancer }), report({ balancer })), true);
  });
});
