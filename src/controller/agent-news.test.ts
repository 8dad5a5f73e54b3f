import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NEWS_MAX, NEWS_WINDOW_MS } from "../core/news-limit.ts";
import type { AgentObservation } from "../core/observed.ts";
import type { AgentReport } from "../core/report.ts";
import { createAgentNews } from "./agent-news.ts";

function reportOf(machine: string, at: number, restarts: number): AgentReport {
  const process = { id: 1, state: "healthy", since: 0, pid: 1, address: null, port: null } as const;
  const figures = { cpu: 0, memoryBytes: 0, restartWanted: null, problem: null, lastLines: [] };
  const processes = [{ ...process, ...figures, restarts }];
  const head = { machine, bootId: "b", at, generation: 1, cpu: 0, memoryBytes: 0 };
  return { ...head, processes, tasks: [], balancer: null };
}

function seen(...reports: readonly AgentReport[]): ReadonlyMap<string, AgentObservation> {
  return new Map(
    reports.map((report) => {
      const { machine, at } = report;
      return [machine, { isConnected: true, since: 0, report, reportedAt: at }];
    }),
  );
}

describe("the news of agents", () => {
  it("of one that restarts a process without end are cut, counted, and told in one event", () => {
    const news = createAgentNews();
    const start = 1_000_000;
    const events = Array.from({ length: 10_000 }, (_, turn) =>
      news.take(seen(reportOf("web-1", start + turn, turn)), start + turn),
    ).flat();
    assert.equal(events.length, NEWS_MAX);
    // Nothing more comes: what was left out is told all the same.
    const quiet = seen(reportOf("web-1", start, 10_000));
    news.take(quiet, start + 10_000);
    const later = start + NEWS_WINDOW_MS + 1;
    const [closing, ...none] = news.take(quiet, later);
    assert.deepEqual(none, []);
    assert.equal(closing?.kind, "left-out");
    assert.equal(closing.reason, "9970 more of what it reported within 5 minutes were left out");
    assert.deepEqual(news.take(quiet, later + NEWS_WINDOW_MS), [], "told once");
  });

  it("of the others are told as ever", () => {
    const news = createAgentNews();
    const kinds: string[] = [];
    for (let turn = 0; turn < 1_000; turn++) {
      const reports = [reportOf("web-1", turn, turn), reportOf("web-2", turn, turn < 900 ? 0 : 1)];
      const events = news.take(seen(...reports), turn);
      kinds.push(...events.filter((event) => event.subject === "web-2").map(({ kind }) => kind));
    }
    assert.deepEqual(kinds, ["restart"]);
  });

  it("begin anew with the next window, and are dated at most a minute back", () => {
    const news = createAgentNews();
    const start = 10 * NEWS_WINDOW_MS;
    for (let turn = 0; turn < 50; turn++) news.take(seen(reportOf("web-1", 0, turn)), start);
    const next = news.take(seen(reportOf("web-1", 0, 51)), start + NEWS_WINDOW_MS);
    assert.deepEqual(
      next.map(({ kind, at }) => [kind, at]),
      [
        ["left-out", start + NEWS_WINDOW_MS],
        ["restart", start + NEWS_WINDOW_MS - 60_000],
      ],
    );
  });
});
