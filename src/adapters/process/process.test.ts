import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEnvironment, parseStat } from "./linux.ts";
import { parsePsLine } from "./ps.ts";
import { inPlaceOfShell } from "./shell.ts";

describe("a line of /proc/<pid>/stat", () => {
  const rest = "7 42 43 0 -1 4194560 1 2 3 4 150 50 25 25 20 0 11 0 987654 1000 256 0 0";

  it("is read even when the program's name holds brackets and spaces", () => {
    assert.deepEqual(parseStat(`41 (a) S (b) S ${rest}`), {
      pid: 41,
      parent: 7,
      group: 42,
      session: 43,
      startTicks: 987_654,
      cpuSeconds: 2.5,
      memoryBytes: 256 * 4096,
    });
  });

  it("of an ended process that waits to be reaped is nothing", () => {
    assert.equal(parseStat(`41 (node) Z ${rest}`), null);
  });
});

describe("a line of ps", () => {
  it("tells the same facts", () => {
    const line = "  812   1 812 812 Ss  5120  1-02:03:04 Sat Nov 21 13:49:22 2026";
    const entry = parsePsLine(line);
    assert.equal(entry?.pid, 812);
    assert.equal(entry?.memoryBytes, 5_242_880);
    assert.equal(entry?.cpuSeconds, 86_400 + 2 * 3_600 + 3 * 60 + 4);
    assert.equal(entry?.startTicks, Date.parse("Sat Nov 21 13:49:22 2026"));
    assert.equal(parsePsLine(""), null);
  });
});

describe("an environment", () => {
  it("keeps everything behind the first equals sign", () => {
    const found = parseEnvironment("A=1\0B=x=y\0=odd\0", "\0");
    assert.deepEqual(
      [...found],
      [
        ["A", "1"],
        ["B", "x=y"],
      ],
    );
  });
});

describe("a command", () => {
  it("takes the shell's place when it is plain, and only then", () => {
    assert.equal(inPlaceOfShell("node server.js --port=80"), "exec node server.js --port=80");
    for (const command of [
      "a && b",
      "A=1 node x",
      "cd x",
      "node $PORT",
      "a | b",
      "exit 3",
      "a 'b c'",
    ]) {
      assert.equal(inPlaceOfShell(command), command);
    }
  });
});
