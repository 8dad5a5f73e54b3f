import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { runningController } from "../cli/controller-address.ts";
import { Failure } from "../ports/failure.ts";
import { stateDirectory } from "../ports/state-directory.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { readToken, removeAddress, writeAddress } from "./controller-files.ts";
import { lastDoorPort, listenAddress } from "./listen.ts";
import { readMachineHome } from "./machine-home.ts";
import { readDatabaseUrl } from "./standby.ts";

let root: string;
let places: StateDirectory;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tidemill-kept-"));
  places = stateDirectory(root);
  mkdirSync(join(root, "inventory"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Every torn form of a file: cut at every length, followed by nothing, zeros or garbage. */
function* tornForms(path: string): Generator<string> {
  const whole = readFileSync(path);
  for (let end = 0; end < whole.length; end++) {
    for (const tail of ["", "\0\0\0\0\0\0\0\0", "\ufffd{]x"]) {
      writeFileSync(path, Buffer.concat([whole.subarray(0, end), Buffer.from(tail)]));
      yield `${end} bytes, then ${JSON.stringify(tail)}`;
    }
  }
}

/** The value, or null for a failure that names the file. */
function valueOrFailure<T>(path: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.ok(error.message.startsWith(`Cannot read ${path}: it is damaged`), error.message);
    return null;
  }
}

describe("a controller's files, torn", () => {
  it("never let anybody in by a part of the token, or by none", () => {
    const token = readToken(places.token);
    for (const form of tornForms(places.token)) {
      const read = readToken(places.token);
      // All but the line break is the token as it was.
      assert.match(read, /^[\w-]{43}$/, form);
      assert.equal(readToken(places.token), read, "the next start has the same");
      assert.equal(statSync(places.token).mode & 0o777, 0o600);
    }
    assert.equal(token.length, 43);
  });

  it("tell whose machines these are as before, or that the file is damaged", () => {
    const home = readMachineHome(places);
    for (const form of tornForms(places.machineHome)) {
      const read = valueOrFailure(places.machineHome, () => readMachineHome(places));
      if (read !== null) assert.deepEqual(read, home, form);
    }
  });

  it("tell the database as before, or that the file is damaged", () => {
    const url = "postgres://u:p@127.0.0.1/x";
    writeFileSync(places.databaseUrl, `${JSON.stringify({ url })}\n`);
    for (const form of tornForms(places.databaseUrl)) {
      const read = valueOrFailure(places.databaseUrl, () => readDatabaseUrl(places, undefined));
      if (read !== null) assert.equal(read, url, form);
    }
  });

  it("tell no controller, and stand in nobody's way", () => {
    writeAddress(places.controller, { url: "http://127.0.0.1:1", pid: process.pid, version: "1" });
    for (const form of tornForms(places.controller)) {
      const found = runningController(places);
      assert.ok(found === null || found.url === "http://127.0.0.1:1", form);
      assert.doesNotThrow(() => removeAddress(places.controller));
    }
  });

  it("tell a port or none, and an address to listen at only whole", () => {
    const path = join(root, "inventory", "door-port");
    writeFileSync(path, "7731\n");
    for (const form of tornForms(path)) {
      const port = lastDoorPort(places);
      assert.ok(port === null || (port > 0 && port <= 65_535), form);
    }
    assert.deepEqual(listenAddress(places), { host: "127.0.0.1", port: null });
  });
});
