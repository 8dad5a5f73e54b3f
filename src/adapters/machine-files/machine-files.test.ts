import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, createWorld, settle } from "../../../test/sim/world.ts";
import type { MachineDocument } from "../../core/document.ts";
import { Failure } from "../../ports/failure.ts";
import type { Seal } from "../../ports/seal.ts";
import { createControllerList } from "./controller-list.ts";
import { createDocumentStore } from "./document-store.ts";
import { createLogTail } from "./log-tail.ts";
import { createMachineRecords } from "./machine-records.ts";
import { createProvisioner, readSetupRecord } from "./provisioner.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidemill-files-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const reversed: Seal = {
  seal: (plain) => `sealed:${plain.split("").reverse().join("")}`,
  open: (sealed) => sealed.slice("sealed:".length).split("").reverse().join(""),
  fingerprint: (plain) => plain,
};

describe("the document on disk", () => {
  const world = createWorld(aSite([aRole("web")]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const documents = [...world.machines.values()].flatMap((machine) => machine.document ?? []);
  const [process] = documents.flatMap(({ processes }) => processes);
  const [pool] = documents.flatMap(({ balancer }) => balancer?.pools ?? []);
  const [balanced] = documents.flatMap(({ balancer }) => balancer ?? []);
  assert.ok(process && pool && balanced);
  const { release, provisioning } = process;
  const secrets = { KEY: "task-secret" };
  const document: MachineDocument = {
    generation: 4,
    machine: "web-1",
    role: "web",
    processes: [{ ...process, secrets: { KEY: "process-secret" } }],
    tasks: [{ id: "t", release, provisioning, run: "x", env: {}, secrets, timeoutMs: 1 }],
    balancer: { ...balanced, pools: [{ ...pool, stickyKey: "sticky-secret" }] },
  };

  it("comes back as it was, and shows no secret of processes, tasks or cookies", async () => {
    const path = join(directory, "document.json");
    const store = createDocumentStore(path, reversed);
    assert.equal(await store.load(), null);
    await store.save(document);
    await store.save(document);
    assert.deepEqual(await store.load(), document);
    assert.doesNotMatch(readFileSync(path, "utf8"), /(process|task|sticky)-secret/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("that cannot be read is a failure, not nothing", async () => {
    const path = join(directory, "document.json");
    writeFileSync(path, "{ half");
    await assert.rejects(createDocumentStore(path, reversed).load(), Failure);
    await assert.rejects(createMachineRecords(path).load(), Failure);
  });
});

describe("the log tail", () => {
  const texts = (tail: ReturnType<typeof createLogTail>) => tail.read(1).lines.map((it) => it.text);

  it("hands out whole lines, once, from the start or the end", () => {
    const path = join(directory, "a.log");
    writeFileSync(path, "old\n");
    const tail = createLogTail({ fileBytesMax: 1_000 });
    tail.follow("a", path, "end");
    tail.follow("b", path, "start");
    appendFileSync(path, "one\ntw");
    const { lines } = tail.read(5);
    assert.deepEqual(lines, [
      { at: 5, process: "a", text: "one" },
      { at: 5, process: "b", text: "old" },
      { at: 5, process: "b", text: "one" },
    ]);
    appendFileSync(path, "o\n");
    tail.unfollow("b");
    assert.deepEqual(texts(tail), ["two", "two"]);
    appendFileSync(path, "three\n");
    assert.deepEqual(texts(tail), ["three"]);
    assert.deepEqual(texts(tail), []);
  });

  it("keeps the file small, the former content beside it", () => {
    const path = join(directory, "a.log");
    const tail = createLogTail({ fileBytesMax: 50 });
    tail.follow("a", path, "start");
    writeFileSync(path, `${"x".repeat(60)}\n`);
    assert.equal(texts(tail).length, 1);
    assert.equal(statSync(path).size, 0);
    assert.equal(statSync(`${path}.1`).size, 61);
    appendFileSync(path, "after\n");
    assert.deepEqual(texts(tail), ["after"]);
  });

  it("leaves out what is far too much, and says so", () => {
    const path = join(directory, "a.log");
    const tail = createLogTail({ fileBytesMax: 10_000_000 });
    tail.follow("a", path, "start");
    writeFileSync(path, `${"x".repeat(99)}\n`.repeat(10_000));
    const { lines, dropped } = tail.read(1);
    assert.ok(lines.length < 3_000 && lines.length > 2_000);
    assert.ok(dropped > 5_000);
  });

  it("shows the last lines of a file, and none of a missing one", () => {
    const path = join(directory, "a.log");
    writeFileSync(path, "a\nb\n\nc\n");
    const tail = createLogTail({ fileBytesMax: 1_000 });
    assert.deepEqual(tail.lastLines(path, 2), ["b", "c"]);
    assert.deepEqual(tail.lastLines(join(directory, "none"), 2), []);
  });
});

describe("provisioning", () => {
  const nothing = { packages: [], files: [], setup: [] };
  const place = () => ({
    releaseId: "r1",
    directory,
    env: { PATH: process.env["PATH"] ?? "" },
    logPath: join(directory, "out.log"),
  });
  const open = () =>
    createProvisioner({
      home: join(directory, "home"),
      recordPath: join(directory, "provisioned.json"),
      isHostOfItsOwn: false,
      isRoot: false,
      user: null,
    });
  const { signal } = new AbortController();

  it("runs each set-up command once per content, also with a new agent", async () => {
    const settings = { ...nothing, setup: ["echo ran >> count"] };
    await open().apply(settings, place(), signal);
    await open().apply(settings, place(), signal);
    assert.equal(readFileSync(join(directory, "count"), "utf8"), "ran\n");
    await open().apply({ ...settings, setup: ["echo  ran >> count"] }, place(), signal);
    await open().apply(settings, { ...place(), releaseId: "r2" }, signal);
    assert.equal(readFileSync(join(directory, "count"), "utf8"), "ran\nran\nran\n");
  });

  it("tells what a set-up command said when it fails, and runs it again next time", async () => {
    const settings = { ...nothing, setup: ["echo no compiler; exit 2"] };
    for (let turn = 0; turn < 2; turn++) {
      await assert.rejects(open().apply(settings, place(), signal), {
        message: "Cannot run the set-up `echo no compiler; exit 2`: no compiler",
      });
    }
    assert.equal(readFileSync(join(directory, "out.log"), "utf8"), "no compiler\nno compiler\n");
  });

  it("writes files into the machine's home and nowhere else", async () => {
    const file = { path: "etc/app.conf", content: "a=1\n", mode: 0o640 };
    await open().apply({ ...nothing, files: [file] }, place(), signal);
    await open().apply({ ...nothing, files: [file] }, place(), signal);
    const path = join(directory, "home/etc/app.conf");
    assert.equal(readFileSync(path, "utf8"), "a=1\n");
    assert.equal(statSync(path).mode & 0o777, 0o640);
    for (const bad of ["/etc/tidemill-test", "../outside", "a/../../outside"]) {
      const settings = { ...nothing, files: [{ ...file, path: bad }] };
      await assert.rejects(open().apply(settings, place(), signal), Failure);
    }
  });
});

describe("files of a machine that were damaged", () => {
  let path: string;
  beforeEach(() => {
    path = join(directory, "file.json");
  });
  /** Torn, empty, filled with zeros, and JSON of another form. */
  const damaged = [
    "",
    "{",
    "\0\0\0\0",
    "null7",
    "[]",
    '{"processes":null}',
    '{"processes":[{"id":1}]}',
  ];

  it("are told of, in words that name the file", async () => {
    for (const text of damaged) {
      writeFileSync(path, text);
      const said = { name: "Failure", message: /^Cannot read .*file\.json: / };
      await assert.rejects(createDocumentStore(path, reversed).load(), said, text);
      await assert.rejects(createMachineRecords(path).load(), said, text);
    }
  });

  it("never give a process that must not get a signal", async () => {
    const running = { pid: 0, startTicks: 1 };
    const task = { id: "t", running, startedAt: 1, report: null };
    writeFileSync(path, JSON.stringify({ processes: [], tasks: [task], releases: [] }));
    await assert.rejects(createMachineRecords(path).load(), /tasks\[0\]\.running\.pid/);
  });

  it("are none where the machine can do without them: controllers learned, set-ups done", async () => {
    const home = "wss://127.0.0.1:7731/v1/agent";
    for (const text of [...damaged, '["http://elsewhere/"]', '["wss://127.0.0.999:1/v1/agent"]']) {
      writeFileSync(path, text);
      assert.equal(createControllerList(path, () => home).current(), home, text);
    }
    for (const text of damaged) {
      writeFileSync(path, text);
      assert.deepEqual(await readSetupRecord(path), [], text);
    }
  });
});
