import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { Failure } from "../../ports/failure.ts";
import { createReleaseDirectory } from "./release-directory.ts";
import { createReleaseStore } from "./release-store.ts";

const id = "aaaaaaaaaaaa";

async function anArchive(): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar);
  tar.entry({ name: "server.js" }, "listen()");
  tar.entry({ name: "lib/a.js" }, "a".repeat(600));
  tar.finalize();
  return gzipSync(await bytes);
}

describe("a release that was cut off", () => {
  const root = mkdtempSync(join(tmpdir(), "tidemill-torn-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  const signal = new AbortController().signal;

  it("is no release of the store, whatever a crash has left of its upload", async () => {
    const archive = await anArchive();
    const archiveSha256 = createHash("sha256").update(archive).digest("hex");
    const release = { id, archiveSha256, bytes: archive.length };
    const directory = join(root, "store");
    const store = createReleaseStore(directory);
    assert.deepEqual(await store.list(), []);
    for (let end = 0; end < archive.length; end += 40) {
      writeFileSync(join(directory, `.${id}.part`), archive.subarray(0, end));
      assert.equal(await store.has(id), false);
      assert.deepEqual(await store.list(), [id], "known, so that it is removed");
      const cut = store.put(release, Readable.from([archive.subarray(0, end)]), signal);
      await assert.rejects(cut, Failure);
      assert.equal(await store.has(id), false);
    }
    await store.put(release, Readable.from([archive]), signal);
    assert.equal(await store.has(id), true);
  });

  it("is unpacked whole or not at all, also after a crash in the middle", async () => {
    const archive = await anArchive();
    const archiveSha256 = createHash("sha256").update(archive).digest("hex");
    const release = { id, archiveSha256, bytes: archive.length };
    const directory = join(root, "releases");
    let sent = archive;
    const fetchArchive = () => Promise.resolve(Readable.from([sent]));
    const releases = createReleaseDirectory({ directory, owner: null, fetchArchive });
    for (let end = 0; end < archive.length; end += 8) {
      sent = archive.subarray(0, end);
      await assert.rejects(releases.ensure(release, signal), Failure, `${end} bytes`);
      assert.deepEqual(readdirSync(directory), []);
    }
    sent = archive;
    const path = await releases.ensure(release, signal);
    assert.equal(readFileSync(join(path, "lib/a.js"), "utf8").length, 600);
    rmSync(path, { recursive: true });
    // As an agent leaves it that is ended while it unpacks.
    writeFileSync(join(directory, `.${id}.unpacking`), "half");
    const again = await releases.ensure(release, signal);
    assert.equal(readFileSync(join(again, "server.js"), "utf8"), "listen()");
  });
});
