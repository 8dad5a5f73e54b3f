import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { createLogTail } from "../../../src/adapters/machine-files/log-tail.ts";
import { unpackRelease } from "../../../src/adapters/release/unpack.ts";
import { Failure } from "../../../src/ports/failure.ts";
import type { FuzzInput } from "../input.ts";
import { scratchDirectory } from "../scratch.ts";

const lineBytes = 100 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
/** Several times what reading it a piece at a time takes. */
const looksMax = 2_000;
const lineCharactersMax = 4_000;
const treeEntries = 100_000;
const perDirectory = 1_000;
const blockBytes = 512;

/** What a process prints that has lost its line breaks. */
export const hugeLine: FuzzInput = {
  name: "log-line-of-100-mb",
  open: async () => {
    const directory = scratchDirectory();
    return {
      run() {
        const path = join(directory, "web-1.1.log");
        writeFileSync(path, "");
        const tail = createLogTail({ fileBytesMax: 2 * lineBytes });
        tail.follow("web-1.1", path, "start");
        const chunk = Buffer.alloc(chunkBytes, "x");
        for (let at = 0; at < lineBytes; at += chunkBytes) appendFileSync(path, chunk);
        appendFileSync(path, "\nafter\n");
        let isAfter = false;
        for (let look = 0; look < looksMax && !isAfter; look++) {
          const { lines } = tail.read(1);
          for (const { text } of lines) {
            assert.ok(text.length <= lineCharactersMax, `a line of ${text.length}`);
            isAfter ||= text === "after";
          }
        }
        assert.ok(isAfter, "what came after it was never read");
        assert.deepEqual(tail.lastLines(path, 1), ["after"]);
      },
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};

/** A release of more files than anything honest has: all of it, or a refusal. */
export const hugeTree: FuzzInput = {
  name: "release-of-100000-entries",
  open: async () => {
    const directory = scratchDirectory();
    const archive = hugeArchive();
    return {
      async run() {
        const archiveSha256 = createHash("sha256").update(archive).digest("hex");
        const release = { id: "aaaaaaaaaaaa", archiveSha256, bytes: archive.length };
        const signal = new AbortController().signal;
        try {
          await unpackRelease(Readable.from([archive]), release, directory, signal);
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
          return;
        }
        const found = readdirSync(directory).flatMap((name) => readdirSync(join(directory, name)));
        assert.equal(found.length, treeEntries);
      },
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};

/** Written by hand: a library takes longer to pack it than anything takes to unpack it. */
function hugeArchive(): Buffer {
  const tar = Buffer.alloc(2 * blockBytes * (treeEntries + 1));
  for (let entry = 0; entry < treeEntries; entry++) {
    const at = 2 * blockBytes * entry;
    writeHeader(
      tar.subarray(at, at + blockBytes),
      `d${Math.floor(entry / perDirectory)}/f${entry}`,
    );
    tar.write("x", at + blockBytes);
  }
  return gzipSync(tar, { level: 1 });
}

/** Of a file of one byte. */
function writeHeader(header: Buffer, name: string): void {
  header.write(name, 0);
  const [mode, owner, size, time] = ["0000644", "0000000", "00000000001", "00000000000"];
  header.write([mode, owner, owner, size, time, ""].join("\0"), 100);
  header.write(`${" ".repeat(8)}0`, 148);
  header.write(["ustar", "00"].join("\0"), 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}
