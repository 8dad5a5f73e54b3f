import assert from "node:assert/strict";
import { appendFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLogTail } from "../../../src/adapters/machine-files/log-tail.ts";
import { createOutput } from "../../../src/cli/output.ts";
import { agentMessage } from "../../../src/core/received/agent-message.ts";
import { isMisfit } from "../../../src/core/received/shape.ts";
import { createLogBook } from "../../../src/controller/log-book.ts";
import type { FuzzInput } from "../input.ts";
import { nastyTexts } from "../mutate.ts";
import type { Random } from "../random.ts";
import { scratchDirectory } from "../scratch.ts";

const fragments = [
  ...nastyTexts,
  "\u001b]8;;http://x\u001b\\",
  "\u001b[31m",
  "\u001b",
  "\u009d0;title\u009c",
  "\u0085",
  "\u2066",
  "\u200f",
  "\n",
  "\r",
  "\b\b\b",
  "GET / 200",
];

function linesOf(random: Random): Buffer {
  if (random.oneIn(2_000))
    return Buffer.alloc(random.below(400_000), random.pick(["x", "\u001b[", "\n"]));
  if (random.oneIn(4)) return random.bytes(random.below(200));
  const parts = Array.from({ length: random.below(8) }, () => Buffer.from(random.pick(fragments)));
  const line = Buffer.concat([...parts, Buffer.from(random.oneIn(3) ? "" : "\n")]);
  // The end of a character that another write begins.
  return random.oneIn(5) ? line.subarray(0, random.below(line.length + 1)) : line;
}

/** Obeyed by terminals, or shown in another order than it was written. */
const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/;

/** An agent sends no more at once. */
const sentMax = 2_000;

/** What processes print, from their file to a terminal. */
export const logLines: FuzzInput = {
  name: "log-lines",
  open: async () => {
    const directory = scratchDirectory();
    const path = join(directory, "web-1.1.log");
    writeFileSync(path, "");
    const tail = createLogTail({ fileBytesMax: 100_000 });
    tail.follow("web-1.1", path, "end");
    const book = createLogBook();
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text), on: () => stream, isTTY: true };
    const streams = { stdout: stream, stderr: stream } as never;
    const [plain, json] = [createOutput(streams, false), createOutput(streams, true)];
    return {
      run(random) {
        if (random.oneIn(500)) truncateSync(path);
        appendFileSync(path, linesOf(random));
        const batch = tail.read(1);
        const sent: unknown = JSON.parse(
          JSON.stringify({ ...batch, kind: "lines", lines: batch.lines.slice(-sentMax) }),
        );
        const read = agentMessage(sent);
        assert.ok(!isMisfit(read) && read.kind === "lines", "an agent's own lines are refused");
        book.add(read.lines.map((line) => ({ ...line, machine: "web-1" })));
        const shown = book
          .read({ after: 0, limit: 20, machine: null, role: null })
          .map(({ text }) => text);
        shown.push(...tail.lastLines(path, 5));
        written.length = 0;
        plain.result({}, shown);
        shown.forEach((text) => plain.progress(text));
        for (const line of written) {
          assert.ok(line.endsWith("\n") && !unsafe.test(line.slice(0, -1)), JSON.stringify(line));
        }
        assert.equal(written.length, 2 * shown.length);
        written.length = 0;
        json.result({ lines: shown }, []);
        const [document = ""] = written;
        assert.ok(!unsafe.test(document.slice(0, -1)), JSON.stringify(document));
        assert.deepEqual((JSON.parse(document) as { lines: unknown }).lines, shown);
      },
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};
