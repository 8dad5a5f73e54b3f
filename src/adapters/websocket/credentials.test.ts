import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { certify, createTestAuthority } from "../../../test/harness/authority.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MachineCredentials } from "../../ports/machine-credentials.ts";
import { createCredentials } from "./credentials.ts";

const controllerUrl = "wss://127.0.0.1:1/v1/agent";

describe("a machine's identity on disk", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tidemill-identity-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function put(): Promise<{ readonly open: () => MachineCredentials; readonly key: string }> {
    const authority = await createTestAuthority("shop");
    const subject = { kind: "machine", site: "shop", machine: "web-1", role: "web" } as const;
    const { key, certificate } = await certify(authority, subject);
    const fingerprint = createHash("sha256").update(authority.certificate).digest("hex");
    const now = 1_800_000_000_000;
    const held = { certificate, authority: fingerprint, takenAt: now, lifeMs: 1_000 };
    writeFileSync(join(directory, "identity.key"), key);
    writeFileSync(join(directory, "identity.json"), JSON.stringify(held));
    const clock = { now: () => now } as Clock;
    const target = { url: controllerUrl, token: "t", authority: authority.certificate };
    const options = { directory, machine: "web-1", role: "web", clock };
    const readTarget = () => Promise.resolve(target);
    return { key, open: () => createCredentials({ ...options, readTarget }) };
  }

  it("is shown as it was kept", async () => {
    const { open, key } = await put();
    const shown = await open().show(new AbortController().signal);
    assert.equal(shown.key, key);
    assert.match(shown.certificate, /BEGIN CERTIFICATE/);
  });

  it("is whole, or is asked for anew, wherever either file was cut", async () => {
    const { open, key } = await put();
    for (const name of ["identity.key", "identity.json"]) {
      const path = join(directory, name);
      const whole = readFileSync(path);
      for (let end = 0; end < whole.length; end += 3) {
        writeFileSync(path, whole.subarray(0, end));
        const credentials = open();
        const isSameKey =
          readFileSync(join(directory, "identity.key"), "utf8").trim() === key.trim();
        const isWhole = credentials.renewal() !== null;
        // A certificate of a key that is lost would be shown, and refused, until its end.
        assert.ok(!isWhole || isSameKey, `${name} of ${end} bytes`);
        assert.ok(!isWhole || name === "identity.key", `${name} of ${end} bytes`);
      }
      writeFileSync(path, whole);
    }
    assert.notEqual(open().renewal(), null);
  });
});
