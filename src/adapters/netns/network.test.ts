import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { candidate, networksInUse, overlaps } from "./network.ts";

const routes = `default via 192.0.2.1 dev eth0
10.0.0.0/8 via 192.0.2.9 dev eth0
blackhole 10.99.0.0/16
10.70.1.7 dev wg0 scope link
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.2
`;

describe("the network of a site", () => {
  it("is looked for where no route of the computer leads", () => {
    assert.deepEqual(networksInUse(routes), [
      "10.0.0.0/8",
      "10.99.0.0/16",
      "10.70.1.7",
      "192.0.2.0/24",
    ]);
    assert.equal(overlaps("10.70.1", "10.70.1.7"), true);
    assert.equal(overlaps("10.70.2", "10.70.1.7"), false);
    assert.equal(overlaps("10.99.4", "10.99.0.0/16"), true);
    assert.equal(overlaps("10.100.4", "10.99.0.0/16"), false);
    assert.equal(overlaps("10.100.4", "10.0.0.0/8"), true);
    assert.equal(overlaps("10.100.4", "10.100.4.128/25"), true);
    assert.equal(overlaps("10.100.4", "0.0.0.0/0"), true);
  });

  it("is always one of 10.64.0.0/10, and rarely another site's first choice", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(500), (tag, attempt) => {
        const parts = candidate(tag, attempt).split(".").map(Number);
        assert.ok(parts.length === 3 && parts.every((part) => part >= 0 && part <= 255));
        assert.equal(overlaps(candidate(tag, attempt), "10.64.0.0/10"), true);
      }),
      { numRuns: 200 },
    );
    const firsts = Array.from({ length: 50 }, (_, index) => candidate(`site-${index}`, 0));
    assert.ok(new Set(firsts).size > 45);
  });
});
