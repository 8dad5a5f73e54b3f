import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTrace } from "../../simulate/trace.ts";
import type { Client, HistorySpan } from "../client.ts";
import type { Context } from "../context.ts";
import { readHistory } from "./history.ts";

const startMs = 1_795_000_200_000;
const given = { words: [], options: { role: "web" } };

/** A controller that remembers these seconds, five minutes a page. */
function contextOf(pages: readonly (readonly (number | null)[])[], asked: HistorySpan[]): Context {
  const history: Client["history"] = async (span) => {
    asked.push(span);
    const page = asked.length - 1;
    const rates = pages[page];
    const at = startMs + page * 300_000;
    const fiveMinutes = rates === undefined ? [] : [{ at, mean: 0, known: 0, rates }];
    const next = page + 1 < pages.length ? at + 300_000 : null;
    return { role: span.role, fiveMinutes, next };
  };
  const client: Partial<Client> = { history };
  const context: Partial<Context> = {
    client: () => client as Client,
    hint: (command) => command,
  };
  return context as Context;
}

describe("what the site remembers", () => {
  it("is a trace, page by page, without the seconds that nobody saw", async () => {
    const asked: HistorySpan[] = [];
    const context = contextOf([[5, 6, null, 8], [9]], asked);
    const { name, text } = await readHistory(context, given, 3_600_000);
    assert.equal(name, "history of web");
    const parsed = parseTrace(text);
    assert.ok(parsed.kind === "trace");
    const { trace, warnings } = parsed;
    assert.deepEqual([trace.startS * 1_000, trace.stepS, trace.rates.length], [startMs, 1, 301]);
    assert.deepEqual([...trace.rates.subarray(0, 4)], [5, 6, 7, 8]);
    assert.equal(warnings.length, 2);
    const [first, second] = asked;
    assert.ok(first !== undefined && Math.abs(first.to - first.from - 3_600_000) < 1);
    assert.deepEqual([second?.from, second?.to], [startMs + 300_000, first.to]);
  });

  it("may be nothing, which is said", async () => {
    const context = contextOf([], []);
    await assert.rejects(readHistory(context, given, 1_000), /remembers nothing of web/);
  });
});
