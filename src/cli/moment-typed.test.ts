import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError } from "./cli-error.ts";
import { pastMoment } from "./moment-typed.ts";

const now = Date.parse("2026-11-22T14:30:00Z");

describe("a time that is typed", () => {
  it("is a date, a time of today in UTC, or so long ago", () => {
    const known = {
      "2026-11-21T14:05:00Z": "2026-11-21T14:05:00Z",
      "2026-11-21T14:05:00.250+02:00": "2026-11-21T12:05:00.250Z",
      "2026-11-21 14:05": "2026-11-21T14:05:00Z",
      "2026-11-21": "2026-11-21T00:00:00Z",
      "14:05": "2026-11-22T14:05:00Z",
      "9:05:07": "2026-11-22T09:05:07Z",
      "10m ago": "2026-11-22T14:20:00Z",
      "1h 30m ago": "2026-11-22T13:00:00Z",
      now: "2026-11-22T14:30:00Z",
    };
    for (const [text, iso] of Object.entries(known)) {
      assert.equal(pastMoment("at", text, now).ms, Date.parse(iso), text);
    }
    assert.equal(pastMoment("at", "14:05", now).assumed, "today");
    assert.equal(pastMoment("at", "2026-11-21", now).assumed, null);
  });

  it("is refused when it is none, with the forms there are", () => {
    const wrong = ["", "yesterday", "25:00", "14:65", "2026-13-45", "2026-02-30", "10m", "-5m ago"];
    for (const text of [...wrong, "1764000000", "ago", "14:05Z", "2026-11-21T14:05 CET"]) {
      assert.throws(
        () => pastMoment("at", text, now),
        (error) =>
          error instanceof CliError &&
          error.facts.exit === 2 &&
          error.message.includes("--at needs a time such as 2026-11-21T14:05:00Z"),
        text,
      );
    }
  });

  it("is refused when it is still to come, with the time it is", () => {
    const message =
      "--at 15:00 is 2026-11-22 15:00:00 UTC, in the future: it is 2026-11-22 14:30:00 UTC now";
    assert.throws(() => pastMoment("at", "15:00", now), { message });
  });
});
