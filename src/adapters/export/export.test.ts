import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { archivedTables, unpackSiteArchive, writeSiteArchive } from "./site-archive.ts";

const root = mkdtempSync(join(tmpdir(), "tidemill-export-"));
const path = join(root, "shop.export");
const rows = [
  { number: 1, reason: "two\nlines" },
  { number: 2, reason: null },
];

async function* tables() {
  yield { table: "event", rows };
  await Promise.resolve();
  yield { table: "machine", rows: [{ name: "web-1" }] };
}

let scratches = 0;
function scratch(): string {
  const directory = join(root, `scratch-${scratches++}`);
  mkdirSync(directory);
  return directory;
}

describe("an export", () => {
  before(async () => {
    const directory = join(root, "inventory");
    mkdirSync(join(directory, "releases"), { recursive: true });
    writeFileSync(join(directory, "seal.key"), "hush");
    writeFileSync(join(directory, "releases", "abc.tar.gz"), Buffer.alloc(100_000, 7));
    writeFileSync(join(directory, "inventory.db"), "left out");
    writeFileSync(join(directory, "empty"), "");
    const isLeftOut = (name: string): boolean => name === "inventory.db";
    const content = { manifest: { site: "shop" }, tables: tables(), directory, isLeftOut };
    assert.deepEqual(await writeSiteArchive(path, content, "spring tide"), { files: 3, rows: 3 });
  });
  after(() => rmSync(root, { recursive: true }));

  it("gives back what was put in, and nothing is readable in between", async () => {
    const directory = scratch();
    assert.deepEqual(await unpackSiteArchive(path, "spring tide", directory), { site: "shop" });
    assert.equal(readFileSync(join(directory, "files/seal.key"), "utf8"), "hush");
    assert.equal(readFileSync(join(directory, "files/empty"), "utf8"), "");
    assert.equal(statSync(join(directory, "files/releases/abc.tar.gz")).size, 100_000);
    assert.ok(!existsSync(join(directory, "files/inventory.db")));
    const parts: object[] = [];
    for await (const part of archivedTables(directory)) parts.push(part);
    assert.deepEqual(parts, [
      { table: "event", rows },
      { table: "machine", rows: [{ name: "web-1" }] },
    ]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!readFileSync(path).includes("hush"));
  });

  it("opens for the passphrase only", async () => {
    await assert.rejects(unpackSiteArchive(path, "neap tide", scratch()), { code: "rejected" });
    await assert.rejects(unpackSiteArchive(path, null, scratch()), { code: "rejected" });
    await assert.rejects(unpackSiteArchive(`${path}x`, "x", scratch()), { code: "not_found" });
  });

  it("tells that a single bit of it has changed, or that its end is missing", async () => {
    const whole = readFileSync(path);
    for (const position of [20, 150, Math.floor(whole.length / 2), whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[position] = (damaged[position] ?? 0) ^ 1;
      const copy = join(root, `damaged-${position}`);
      writeFileSync(copy, damaged);
      await assert.rejects(unpackSiteArchive(copy, "spring tide", scratch()), { code: "rejected" });
    }
    writeFileSync(join(root, "short"), whole.subarray(0, whole.length - 1_000));
    await assert.rejects(unpackSiteArchive(join(root, "short"), "spring tide", scratch()), {
      code: "rejected",
    });
  });
});
