import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseAccess, splitFrames } from "./access-log.ts";

describe("the access log", () => {
  it("is read line by line, however the stream is cut", () => {
    const line = fc.string({ maxLength: 30 }).map((text) => text.trimEnd());
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, size) => {
        const data = Buffer.concat(
          lines.map((text) => Buffer.from(`${Buffer.byteLength(text)} ${text}`)),
        );
        const seen: string[] = [];
        let rest = Buffer.alloc(0);
        for (let at = 0; at < data.length; at += size) {
          const frames = splitFrames(Buffer.concat([rest, data.subarray(at, at + size)]));
          seen.push(...frames.lines);
          rest = frames.rest;
        }
        assert.deepEqual(seen, lines);
        assert.equal(rest.length, 0);
      }),
      { numRuns: 100 },
    );
  });

  it("tells requests from HAProxy's own sentences", () => {
    assert.deepEqual(parseAccess("web web-1.1 200 12 --NI"), {
      pool: "web",
      server: "web-1.1",
      status: 200,
      durationMs: 12,
      ending: "--NI",
    });
    assert.equal(parseAccess("Server web/web-1.1 is DOWN, reason: Layer4 timeout"), null);
  });
});
