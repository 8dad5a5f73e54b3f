import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { replayTrace } from "../harness/replay.ts";
import { readSpikeOfMay, rescale, SPIKE_ONSET } from "../harness/trace.ts";

/** From the quiet minute before the spike to the minute in which it is over. */
const ROWS_BEFORE = 1;
const ROWS_AFTER = 7;
const ROW_MS = 1_500;
const PEAK = 100;

describe("the spike of the World Cup site", () => {
  it("is answered by machines that were not there before, and no visitor is lost", async () => {
    const rows = rescale(readSpikeOfMay(), PEAK);
    const onset = rows.findIndex((row) => row.timestamp === SPIKE_ONSET);
    const replay = await replayTrace({
      rows: rows.slice(onset - ROWS_BEFORE, onset + ROWS_AFTER),
      rowMs: ROW_MS,
      onset: SPIKE_ONSET,
      requestMs: 100,
      startMs: 0,
      web: "machines: 1..4, scale: { in_flight: 3 }",
      onLine: () => undefined,
    });
    assert.deepEqual(replay.failures, []);
    assert.equal(replay.failed, 0);
    assert.ok(replay.requests > 300, `only ${replay.requests} came`);
    assert.ok(replay.machinesMax >= 3, `only ${replay.machinesMax} machines`);
    assert.ok(replay.answerSeconds !== null, "no new machine answered");
    assert.ok(Object.keys(replay.firstAnswerMs).length >= 3, JSON.stringify(replay.firstAnswerMs));
  });
});
