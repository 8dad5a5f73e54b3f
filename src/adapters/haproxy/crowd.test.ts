import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isCrowd, loadOf } from "./crowd.ts";

describe("a crowd", () => {
  it("is twice the load that was told, and more than a handful", () => {
    assert.equal(isCrowd(loadOf([{ inFlight: 12, queue: 8 }]), 10), true);
    assert.equal(isCrowd(19, 10), false);
    assert.equal(isCrowd(7, 0), false);
    assert.equal(isCrowd(8, 0), true);
    assert.equal(isCrowd(0, 0), false);
  });
});
