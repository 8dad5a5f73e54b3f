import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { restMs } from "./pace.ts";

describe("the pace of decisions", () => {
  it("is that of the news where decisions cost nothing", () => {
    assert.equal(restMs(0), 0);
  });

  it("leaves most of the time to everything else where they cost something", () => {
    assert.equal(restMs(3), 24);
  });

  it("lets no news wait for long, nor does a clock that was set back", () => {
    assert.equal(restMs(5_000), 40);
    assert.equal(restMs(-5_000), 0);
  });
});
