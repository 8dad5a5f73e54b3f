import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { BalancerDocument, MachineDocument, ProcessDocument } from "../core/document.ts";
import { supervisionLimits } from "../core/supervision/rules.ts";
import { FakeMachine } from "../../test/fakes/machine.ts";
import { runAgent } from "./agent.ts";

function wanted(id: number, release = "r1"): ProcessDocument {
  return {
    id,
    name: `web-1.${id}`,
    release: { id: release, archiveSha256: "", bytes: 1 },
    run: "serve",
    env: { COLOR: "blue", HOST: "wrong" },
    secrets: { KEY: "hidden" },
    check: { kind: "tcp", everyMs: 1_000, timeoutMs: 500, rise: 1, fall: 2 },
    supervision: {
      startGraceMs: 5_000,
      restartGraceMs: 5_000,
      memoryBytesMax: null,
      cpuMax: null,
      stopTimeoutMs: 3_000,
    },
    provisioning: { packages: [], files: [], setup: [] },
  };
}

function documentOf(
  generation: number,
  processes: readonly ProcessDocument[],
  balancer: BalancerDocument | null = null,
): MachineDocument {
  return { generation, machine: "web-1", role: "web", processes, tasks: [], balancer };
}

describe("the agent", () => {
  let fake: FakeMachine;
  let stop: AbortController;
  let over: Promise<void>;

  beforeEach(() => {
    fake = new FakeMachine();
  });
  afterEach(async () => {
    stop.abort();
    fake.hangUp?.();
    await over;
  });

  function start(hasBalancer = false): void {
    stop = new AbortController();
    const identity = {
      machine: "web-1",
      role: "web",
      bootId: "boot",
      address: "127.1.1.1",
      logsDirectory: "/logs",
      env: { PATH: "/bin" },
      limits: supervisionLimits,
    };
    over = runAgent(fake.parts(hasBalancer), identity, stop.signal);
  }
  function deliver(document: MachineDocument): void {
    assert.ok(fake.deliver !== null, "not connected");
    fake.deliver({ kind: "document", document });
  }

  it("stores a document, starts what it says, and tells health without waiting for the second", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(3, []));
    await fake.pass(5);
    assert.equal(fake.last().generation, 3, "told at once");
    deliver(documentOf(3, [wanted(1)]));
    await fake.pass(5);
    assert.equal(fake.stored?.generation, 3);
    assert.equal(fake.last().generation, 3);
    assert.equal(fake.last().processes[0]?.state, "healthy");
    const { env, logPath, directory } = fake.starts[0] ?? assert.fail("nothing started");
    assert.equal(directory, "/releases/r1");
    assert.equal(logPath, "/logs/web-1.1.log");
    assert.deepEqual(env, {
      PATH: "/bin",
      COLOR: "blue",
      KEY: "hidden",
      HOST: "127.1.1.1",
      PORT: "20000",
      TIDEMILL_MACHINE: "web-1",
      TIDEMILL_ROLE: "web",
      TIDEMILL_RELEASE: "r1",
      TIDEMILL_SERVER: "web-1.1",
    });
  });

  it("says that its notes cannot be read, and goes on without them", async () => {
    fake.recordProblem = "Cannot read record.json: Unexpected end of JSON input";
    start();
    await fake.pass(1);
    deliver(documentOf(3, [wanted(1)]));
    await fake.pass(100);
    assert.deepEqual(fake.said, [fake.recordProblem]);
    assert.equal(fake.last().processes[0]?.state, "healthy");
  });

  it("reports once a second though nothing happens", async () => {
    start();
    await fake.pass(10_000);
    assert.ok(fake.reports().length >= 10 && fake.reports().length <= 13);
    assert.equal(fake.last().memoryBytes, 9);
  });

  it("refuses a document that is older or another machine's", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(3, [wanted(1)]));
    await fake.pass(100);
    deliver(documentOf(2, []));
    deliver({ ...documentOf(4, []), machine: "web-2" });
    await fake.pass(2_000);
    assert.equal(fake.running.size, 1);
    assert.equal(fake.stored?.generation, 3);
    assert.equal(fake.said.filter((it) => it.startsWith("Refused")).length, 2);
  });

  it("works from the stored document while there is no controller, and asks for it ever slower", async () => {
    fake.isHome = false;
    fake.stored = documentOf(5, [wanted(1)]);
    start();
    await fake.pass(60_000);
    assert.equal(fake.running.size, 1);
    assert.ok(fake.connects > 30 && fake.connects < 60, `${fake.connects} attempts in a minute`);
    fake.isHome = true;
    await fake.pass(2_000);
    assert.equal(fake.last().generation, 5);
    assert.equal(fake.last().processes[0]?.state, "healthy");
  });

  it("takes over what a former agent ran, and ends what no record knows", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1)]));
    await fake.pass(100);
    stop.abort();
    fake.hangUp?.();
    await over;
    fake.running.set(77, { command: "stray", directory: "/", env: {}, logPath: "" });
    start();
    await fake.pass(10);
    assert.deepEqual([...fake.running.keys()], [101]);
    assert.equal(fake.starts.length, 1);
    assert.equal(fake.last().processes[0]?.state, "healthy");
    assert.equal(fake.last().processes[0]?.port, 20_000);
  });

  it("keeps what runs when the stored document cannot be read", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1)]));
    await fake.pass(100);
    stop.abort();
    fake.hangUp?.();
    await over;
    fake.stored = null;
    start();
    await fake.pass(61_000);
    assert.equal(fake.running.size, 1);
    assert.equal(fake.record.processes.length, 1, "and does not forget it");
  });

  it("asks a process to end, and kills it when it does not", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1)]));
    await fake.pass(100);
    fake.isDeaf = true;
    deliver(documentOf(2, []));
    await fake.pass(2_900);
    assert.deepEqual(fake.signals, ["SIGTERM 101"]);
    assert.equal(fake.last().processes[0]?.state, "stopping");
    await fake.pass(300);
    assert.equal(fake.signals[1], "SIGKILL 101");
    assert.deepEqual(fake.last().processes, []);
  });

  it("tells why a process is not healthy, with its last lines", async () => {
    fake.isServing = false;
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1)]));
    await fake.pass(1_000);
    const [report] = fake.last().processes;
    assert.equal(report?.state, "starting");
    assert.equal(report?.problem, "nothing listens");
    assert.deepEqual(report?.lastLines, ["last words"]);
    fake.end(101, 9);
    await fake.pass(1);
    assert.equal(fake.starts.length, 2, "the first restart is at once");
    fake.end(102, 9);
    await fake.pass(1);
    assert.equal(fake.last().processes[0]?.state, "waiting");
    assert.equal(fake.last().processes[0]?.problem, "It ended with code 9");
  });

  it("tries a release that cannot be fetched again each second, and says what is wrong", async () => {
    fake.releaseProblem = "Cannot fetch release r1: no answer";
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1)]));
    await fake.pass(500);
    assert.equal(fake.last().processes[0]?.state, "preparing");
    assert.equal(fake.last().processes[0]?.problem, fake.releaseProblem);
    fake.releaseProblem = null;
    await fake.pass(1_100);
    assert.equal(fake.last().processes[0]?.state, "healthy");
  });

  it("switches to the newest release when all of it is healthy, and keeps the last two beside it", async () => {
    start();
    await fake.pass(1);
    for (const [index, release] of ["r1", "r2", "r3", "r4"].entries()) {
      deliver(documentOf(index + 1, [wanted(index + 1, release)]));
      await fake.pass(2_500);
    }
    assert.deepEqual(fake.activated, ["r1", "r2", "r3", "r4"]);
    assert.deepEqual(fake.kept.at(-1), ["r4", "r3", "r2"]);
  });

  it("gives two processes that start at the same time different ports", async () => {
    start();
    await fake.pass(1);
    deliver(documentOf(1, [wanted(1), wanted(2)]));
    await fake.pass(200);
    const ports = fake.last().processes.map((it) => it.port);
    assert.equal(new Set(ports).size, 2, ports.join());
  });

  it("sends what processes print, but not more than 200 lines a second", async () => {
    start();
    await fake.pass(1);
    fake.lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
    await fake.pass(250);
    const batch = fake.sent.find((it) => it.kind === "lines");
    assert.equal(batch?.lines.length, 200);
    assert.equal(batch?.lines.at(-1)?.text, "line 999");
    assert.equal(batch?.dropped, 800);
  });

  it("hands the balancer each document, tries again what it did not take, and leaves it running", async () => {
    fake.convergeProblem = "Cannot take the configuration: bad map";
    start(true);
    await fake.pass(1);
    deliver(documentOf(7, [], {} as BalancerDocument));
    await fake.pass(100);
    assert.equal(fake.last().balancer?.problem, fake.convergeProblem);
    fake.convergeProblem = null;
    await fake.pass(1_100);
    assert.deepEqual(fake.converged, [7]);
    assert.equal(fake.last().balancer?.problem, null);
    await fake.pass(5_000);
    assert.deepEqual(fake.converged, [7], "once is enough");
    stop.abort();
    fake.hangUp?.();
    await over;
    assert.equal(fake.said.at(-1), "detached");
  });
});
