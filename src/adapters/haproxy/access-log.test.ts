import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createReader, parseAccess } from "./access-log.ts";

const info = "Name: HAProxy\nVersion: 2.6.12\nPid: 4711\nStopping: 0\n\n";
const access = "web web-1.1 200 12 --NI";
const notice = "Server web/web-1.1 is DOWN, reason: Layer4 timeout";

function openReader(): { readonly seen: string[]; readonly read: (text: string) => boolean } {
  const seen: string[] = [];
  const read = createReader(4711, {
    onAccess: ({ pool, server, status, durationMs, ending }) => {
      seen.push(`${pool} ${server} ${status} ${durationMs} ${ending}`);
    },
    onNotice: (line) => seen.push(line),
  });
  return { seen, read };
}

describe("the access log", () => {
  it("is read line by line, however the stream is cut", () => {
    const line = fc.constantFrom(access, notice);
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 70 }), (lines, size) => {
        const { seen, read } = openReader();
        const text = `${info}${lines.map((each) => `${each}\n`).join("")}`;
        for (let at = 0; at < text.length; at += size) {
          assert.equal(read(text.slice(at, at + size)), true);
        }
        assert.deepEqual(seen, lines);
      }),
      { numRuns: 100 },
    );
  });

  it("is not read from another worker than the one followed", () => {
    const { seen, read } = openReader();
    assert.equal(read(`${info.replace("4711", "4712")}${access}\n`), false);
    assert.deepEqual(seen, []);
  });

  it("is given up when a line never ends", () => {
    const { read } = openReader();
    assert.equal(read(info), true);
    assert.equal(read("x".repeat(64_001)), false);
    assert.equal(openReader().read("x".repeat(64_001)), false);
  });

  it("tells requests from HAProxy's own sentences", () => {
    assert.deepEqual(parseAccess(access), {
      pool: "web",
      server: "web-1.1",
      status: 200,
      durationMs: 12,
      ending: "--NI",
    });
    assert.equal(parseAccess(notice), null);
  });
});
