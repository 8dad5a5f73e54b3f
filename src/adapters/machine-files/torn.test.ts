import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { neverStarted } from "../../core/supervision/supervised.ts";
import type { MachineDocument } from "../../core/document.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineRecord } from "../../ports/machine-records.ts";
import type { Seal } from "../../ports/seal.ts";
import { createControllerList } from "./controller-list.ts";
import { createDocumentStore } from "./document-store.ts";
import { createMachineRecords } from "./machine-records.ts";
import { readSetupRecord } from "./provisioner.ts";
import { writeDurably } from "./durable-file.ts";

let directory: string;
const at = (name: string): string => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidemill-torn-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open: Seal = { seal: (plain) => plain, open: (sealed) => sealed, fingerprint: (it) => it };
const tails = ["", "\0\0\0\0", "}]\n"];

/** Cut at every length, followed by nothing, zeros, or what could close it. */
async function forEachTear(path: string, look: (form: string) => Promise<void>): Promise<void> {
  const whole = readFileSync(path);
  for (let end = 0; end < whole.length; end++) {
    for (const tail of tails) {
      writeFileSync(path, Buffer.concat([whole.subarray(0, end), Buffer.from(tail)]));
      await look(`${end} bytes, then ${JSON.stringify(tail)}`);
    }
  }
}

/** What it gives, or null for a failure of ours. */
async function valueOrFailure<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: unknown) => {
    assert.ok(error instanceof Failure && error.message.startsWith("Cannot "), String(error));
    return null;
  });
}

describe("a machine's files, torn", () => {
  it("give the document as it was, or say that they cannot", async () => {
    const document: MachineDocument = {
      generation: 12,
      machine: "web-1",
      role: "web",
      processes: [],
      tasks: [],
      balancer: null,
    };
    const store = createDocumentStore(at("document.json"), open);
    await store.save(document);
    await forEachTear(at("document.json"), async (form) => {
      const read = await valueOrFailure(store.load());
      if (read !== null) assert.deepEqual(read, document, form);
    });
  });

  it("give the notes as they were, or say that they cannot", async () => {
    const running = { pid: 17, startTicks: 4 };
    const supervised = neverStarted(1);
    const what = { id: 1, name: "web-1.1", releaseId: "a", port: 1, stopTimeoutMs: 1 };
    const record: MachineRecord = {
      processes: [{ ...what, running, supervised }],
      tasks: [],
      releases: ["a"],
    };
    const records = createMachineRecords(at("record.json"));
    await records.save(record);
    await forEachTear(at("record.json"), async (form) => {
      const read = await valueOrFailure(records.load());
      if (read !== null) assert.deepEqual(read, record, form);
    });
  });

  it("give whole addresses and whole set-ups, or none", async () => {
    const home = "wss://127.0.0.1:7731/v1/agent";
    const urls = [home, "wss://127.0.0.1:7732/v1/agent"];
    createControllerList(at("controllers.json"), () => home).learn(urls);
    await forEachTear(at("controllers.json"), async (form) => {
      const list = createControllerList(at("controllers.json"), () => home);
      for (let turn = 0; turn < list.size(); turn++, list.advance()) {
        assert.ok(urls.includes(list.current()), form);
      }
    });
    const done = ["a".repeat(64), "b".repeat(64)];
    await writeDurably(at("provisioned.json"), JSON.stringify(done));
    await forEachTear(at("provisioned.json"), async (form) => {
      const read = await readSetupRecord(at("provisioned.json"));
      assert.ok(
        read.every((key) => done.includes(key)),
        form,
      );
    });
  });

  it("are written over by the next whole one, whatever a draft has left", async () => {
    const records = createMachineRecords(at("record.json"));
    writeFileSync(at("record.json.new"), "{ torn and longer than what comes after it".repeat(9));
    const record: MachineRecord = { processes: [], tasks: [], releases: ["b"] };
    await records.save(record);
    assert.deepEqual(await records.load(), record);
  });
});
