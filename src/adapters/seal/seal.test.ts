import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../ports/failure.ts";
import { createSeal } from "./seal.ts";

describe("a seal", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tidemill-seal-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const isRejected = (error: unknown) => error instanceof Failure && error.code === "rejected";

  it("opens what it sealed, never twice the same, and tells any change", async () => {
    const seal = await createSeal(join(directory, "key"));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(), (plain, at) => {
        const sealed = seal.seal(plain);
        assert.equal(seal.open(sealed), plain);
        assert.notEqual(seal.seal(plain), sealed);
        const bytes = Buffer.from(sealed.slice(3), "base64url");
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        assert.throws(() => seal.open(`v1.${bytes.toString("base64url")}`), isRejected);
      }),
      { numRuns: 50 },
    );
    for (const sealed of ["", "v1", "v1.", "v2.AAAA", "v1.AAAA"])
      assert.throws(() => seal.open(sealed), isRejected);
  });

  it("keeps one key in a file only its owner can read, whoever starts first", async () => {
    const keyPath = join(directory, "shared");
    const seals = await Promise.all(Array.from({ length: 8 }, () => createSeal(keyPath)));
    const sealed = seals[0]?.seal("secret") ?? "";
    for (const seal of seals) assert.equal(seal.open(sealed), "secret");
    assert.equal((await stat(keyPath)).mode & 0o777, 0o600);
    const left = (await readdir(directory)).filter((name) => name.startsWith("shared"));
    assert.deepEqual(left, ["shared"]);
    assert.match(await readFile(keyPath, "utf8"), /^[0-9a-f]{64}\n$/);
    assert.equal((await createSeal(keyPath)).open(sealed), "secret");
  });

  it("tells equal values by a fingerprint that another key does not share", async () => {
    const one = await createSeal(join(directory, "one"));
    const other = await createSeal(join(directory, "other"));
    assert.equal(one.fingerprint("a"), one.fingerprint("a"));
    assert.notEqual(one.fingerprint("a"), one.fingerprint("b"));
    assert.notEqual(one.fingerprint("a"), other.fingerprint("a"));
    assert.throws(() => other.open(one.seal("a")), isRejected);
  });

  it("refuses a file that holds no key, and leaves it alone", async () => {
    const keyPath = join(directory, "broken");
    await writeFile(keyPath, "abc");
    await assert.rejects(createSeal(keyPath), isRejected);
    assert.equal(await readFile(keyPath, "utf8"), "abc");
  });
});
