import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Outcome } from "../../simulate/trial.ts";
import { judge, parseFailIf } from "./goal.ts";

const price = { machineHour: 0.5, currency: "USD" };
const outcome: Outcome = {
  requests: 1_000,
  slow: 0.0062,
  failed: 0.001,
  queued: 0.2,
  machineHours: 100,
  machinesMax: 9,
  turnsPerDay: 0,
  picture: { startS: 0, spanS: 1, demand: [], ready: [] },
  worstMinutes: [],
};

function said(text: string): string | null {
  return judge(parseFailIf(text, price), "web", outcome, price);
}

describe("--fail-if", () => {
  it("tells in one sentence what has come true", () => {
    assert.equal(
      said("slow > 0.5%"),
      "web: slow is 0.62%, which --fail-if 'slow > 0.5%' rules out",
    );
    assert.equal(said("cost>=50"), "web: cost is 50.00, which --fail-if 'cost>=50' rules out");
    assert.notEqual(said("hours < 101"), null);
    assert.notEqual(said("queued <= 20%"), null);
  });

  it("says nothing of what has not", () => {
    assert.equal(said("slow > 0.62%"), null);
    assert.equal(said("failed > 1%"), null);
    assert.equal(said("hours > 100"), null);
    assert.equal(said("cost < 50"), null);
  });

  it("refuses what it does not understand", () => {
    const refused = ["", "slow", "slow 3%", "slow > 0.5", "hours > 3%", "speed > 1%", "slow > -1%"];
    for (const text of refused) assert.throws(() => parseFailIf(text, price), /--fail-if needs/);
    assert.throws(() => parseFailIf("cost > 3", null), /say --price/);
  });
});
