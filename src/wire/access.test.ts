import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Clock } from "../ports/clock.ts";
import type { Seal } from "../ports/seal.ts";
import { isLoopback, serverCertificate } from "./access.ts";
import type { Access } from "./access.ts";

const day = 86_400_000;

describe("a server's certificate", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-access-"));
  after(() => rmSync(directory, { recursive: true }));

  it("is made once, kept sealed, and made again when it is not good any more", async () => {
    const path = join(directory, "door.sealed");
    let now = 0;
    let made = 0;
    let authority = "one";
    const seal: Seal = {
      seal: (plain) => Buffer.from(plain).toString("base64"),
      open: (sealed) => Buffer.from(sealed, "base64").toString(),
      fingerprint: (plain) => plain,
    };
    const take = (names = ["a"]) => {
      const issue = () => Promise.resolve({ pem: `certificate ${++made}`, serial: "" });
      const access = { authority: { certificate: authority, issue }, seal } as unknown as Access;
      return serverCertificate(access, { now: () => now } as Clock, names, path);
    };
    const first = await take();
    assert.deepEqual((await take()).key, first.key);
    assert.equal(made, 1);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(path, "utf8"), /PRIVATE KEY/);
    now = 399 * day;
    await take();
    assert.equal(made, 1);
    now = 400 * day;
    assert.notEqual((await take()).key, first.key);
    assert.equal(made, 2, "half of its life has passed");
    await take(["a", "b"]);
    assert.equal(made, 3, "another name");
    authority = "two";
    await take(["a", "b"]);
    assert.equal(made, 4, "another authority");
    writeFileSync(path, "half");
    await take(["a", "b"]);
    assert.equal(made, 5, "a file that was cut short");
  });

  it("is needed wherever others than this computer could listen", () => {
    assert.ok(["127.0.0.1", "127.9.9.9", "::1", "localhost"].every(isLoopback));
    const others = ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com"];
    assert.deepEqual(others.filter(isLoopback), []);
  });
});
