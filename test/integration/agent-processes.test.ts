import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ProcessReport } from "../../src/core/report.ts";
import * as w from "./agent-world.ts";
import { until } from "../harness/until.ts";

async function ask(report: ProcessReport | null): Promise<string> {
  const answer = await fetch(`http://${report?.address}:${report?.port}/`);
  return answer.text();
}

describe("an agent with a real process", () => {
  let world: w.World;
  before(async () => {
    world = await w.openWorld();
    await world.launch();
    await until("the agent says hello", () => world.controller.hellos.length > 0);
  });
  after(() => world.close());

  it("fetches a release and runs it, healthy soon after the document came", async () => {
    const release = await world.controller.release("aaaaaaaaaaaa", { "server.cjs": w.helloServer });
    const secrets = { API_KEY: "very-secret-value" };
    const sentAt = performance.now();
    world.controller.send(w.machineDocument(1, [w.processDocument(1, release, { secrets })]));
    const report = await w.healthy(world, 1);
    const tookMs = performance.now() - sentAt;
    console.log(JSON.stringify({ documentToHealthyMs: Math.round(tookMs) }));
    assert.ok(tookMs < 3_000);
    assert.equal(await ask(report), `hello from ${report.pid}`);
    assert.equal(world.controller.reports.at(-1)?.generation, 1);
    const environment = readFileSync(`/proc/${report.pid}/environ`, "utf8").split("\0");
    for (const fact of [
      `HOST=${report.address}`,
      `PORT=${report.port}`,
      "TIDEMILL_MACHINE=web-1",
      "TIDEMILL_ROLE=web",
      "TIDEMILL_RELEASE=aaaaaaaaaaaa",
      "API_KEY=very-secret-value",
    ]) {
      assert.ok(environment.includes(fact), fact);
    }
    assert.ok(readlinkSync(`/proc/${report.pid}/cwd`).endsWith("releases/aaaaaaaaaaaa"));
    await until("current is switched", () =>
      existsSync(join(world.directory, "machines/web-1/releases/current/server.cjs")),
    );
    await until("its lines arrive", () =>
      world.controller.lines.some((it) => it.process === "web-1.1" && it.text === "listening"),
    );
  });

  it("keeps the document on disk without a secret in clear", () => {
    const text = world.file("document.json");
    assert.match(text, /"generation": 1/);
    assert.match(text, /API_KEY/);
    assert.doesNotMatch(text, /very-secret-value/);
    assert.doesNotMatch(world.file("record.json"), /very-secret-value/);
  });

  it("refuses a document older than the one it holds", async () => {
    world.controller.send(w.machineDocument(0, []));
    const count = world.controller.reports.length;
    await until("two more reports", () => world.controller.reports.length >= count + 2);
    assert.equal(w.seen(world, 1)?.state, "healthy");
    assert.equal(world.controller.reports.at(-1)?.generation, 1);
    const { document } = JSON.parse(`{"document":${world.file("document.json")}}`) as {
      document: { generation: number };
    };
    assert.equal(document.generation, 1);
  });

  it("restarts at once, on the same port, a process that was killed, and tells at once", async () => {
    const former = await w.healthy(world, 1);
    const killedAt = performance.now();
    w.kill(former.pid);
    const next = await until("it runs again", () => {
      const report = w.seen(world, 1);
      return report?.state === "healthy" && report.pid !== former.pid ? report : null;
    });
    console.log(JSON.stringify({ killToHealthyMs: Math.round(performance.now() - killedAt) }));
    assert.equal(next.port, former.port);
    assert.equal(next.restarts, 1);
  });

  it("survives the kill of its agent untouched, and the next agent adopts it", async () => {
    const former = await w.healthy(world, 1);
    const boot = world.controller.reports.at(-1)?.bootId;
    await until("its health is on record", () => world.file("record.json").includes('"healthy"'));
    const agent = await world.agentPid();
    w.kill(agent);
    await until("the agent is gone", () => !w.isAlive(agent));
    assert.equal(await ask(former), `hello from ${former.pid}`);
    assert.equal(
      (await world.provider.list(AbortSignal.timeout(1_000)))[0]?.condition,
      "agentless",
    );
    await world.launch();
    const report = await until("the new agent reports it", () =>
      world.controller.reports.at(-1)?.bootId !== boot ? w.seen(world, 1) : null,
    );
    assert.equal(report.pid, former.pid);
    assert.equal(
      report.state,
      "healthy",
      "an adopted process that serves is not called anything less",
    );
    assert.equal(await ask(former), `hello from ${former.pid}`);
  });

  it("goes on without the controller, and finds it again when it moved", async () => {
    const former = await w.healthy(world, 1);
    await world.controller.close();
    w.kill(former.pid);
    await until("it serves again, seen from outside", async () => {
      const text = await ask(former).catch(() => "");
      return text !== "" && text !== `hello from ${former.pid}`;
    });
    // Also an agent that starts without a controller knows what to do.
    const agent = await world.agentPid();
    w.kill(agent);
    await until("the agent is gone", () => !w.isAlive(agent));
    await world.launch();
    const text = await ask(former);
    w.kill(Number(text.split(" ").at(-1)));
    await until("the new agent restarts it by the stored document", async () => {
      const now = await ask(former).catch(() => "");
      return now !== "" && now !== text;
    });
    world.controller = await w.openController();
    await world.launch();
    assert.equal((await w.healthy(world, 1)).port, former.port);
  });
});

describe("an agent that must stop things", () => {
  let world: w.World;
  before(async () => {
    world = await w.openWorld();
    await world.launch();
  });
  after(() => world.close());

  it("ends gracefully what is no longer wanted, and children that ignore SIGTERM after the time-out", async () => {
    const release = await world.controller.release("bbbbbbbbbbbb", {
      "server.cjs": `${w.helloServer}
        const { spawn } = require("node:child_process");
        const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('deaf ' + process.pid)";
        spawn(process.execPath, ["-e", deaf], { stdio: "inherit" });
        spawn(process.execPath, ["-e", deaf], { stdio: "inherit", detached: true });
        process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });`,
    });
    world.controller.send(w.machineDocument(1, [w.processDocument(7, release)]));
    const report = await w.healthy(world, 7);
    const deaf = await until("both children run", () => {
      const lines = world.controller.lines.filter((it) => it.text.startsWith("deaf "));
      return lines.length === 2 ? lines.map((it) => Number(it.text.split(" ")[1])) : null;
    });
    world.controller.send(w.machineDocument(2, []));
    await until("it is told as stopping", () =>
      world.controller.reports.some((it) => it.processes[0]?.state === "stopping"),
    );
    await until("it is gone from the report", () => w.seen(world, 7) === null);
    assert.ok(!w.isAlive(report.pid));
    for (const pid of deaf) await until(`child ${pid} is gone`, () => !w.isAlive(pid));
    assert.ok(
      world.controller.lines.some((it) => it.text === "bye"),
      "SIGTERM came first",
    );
  });

  it("runs a task once, tells its outcome and its last lines, and kills one that takes too long", async () => {
    const release = await world.controller.release("cccccccccccc", { "count.txt": "" });
    const task = {
      release,
      env: {},
      secrets: {},
      provisioning: { packages: [], files: [], setup: [] },
      timeoutMs: 5_000,
    };
    world.controller.send(
      w.machineDocument(3, [], {
        tasks: [
          { ...task, id: "good", run: "echo ran >> count.txt; echo migrated" },
          { ...task, id: "bad", run: "echo no such table; exit 3" },
          { ...task, id: "slow", run: "sleep 60", timeoutMs: 300 },
        ],
      }),
    );
    const tasks = await until("all have ended", () => {
      const told = world.controller.reports.at(-1)?.tasks ?? [];
      return told.length === 3 && told.every((it) => it.state !== "running") ? told : null;
    });
    const [good, bad, slow] = tasks;
    assert.deepEqual(good, { id: "good", state: "done", exitCode: 0, lastLines: ["migrated"] });
    assert.deepEqual(bad, {
      id: "bad",
      state: "failed",
      exitCode: 3,
      lastLines: ["no such table"],
    });
    assert.equal(slow?.state, "failed");
    assert.match(slow?.lastLines.at(-1) ?? "", /did not end within 300 ms/);
    const isRecorded = (): boolean => world.file("record.json").includes("did not end within");
    await until("the outcomes are on record", isRecorded);
    const agent = await world.agentPid();
    w.kill(agent);
    await until("the agent is gone", () => !w.isAlive(agent));
    const boot = world.controller.reports.at(-1)?.bootId;
    await world.launch();
    const again = await until("the new agent reports", () => {
      const report = world.controller.reports.at(-1);
      return report?.bootId !== boot && report?.tasks.length === 3 ? report.tasks : null;
    });
    assert.deepEqual(again, tasks);
    const path = "machines/web-1/releases/cccccccccccc/count.txt";
    assert.equal(readFileSync(join(world.directory, path), "utf8"), "ran\n");
  });
});

describe("an agent with a process that crashes", () => {
  let world: w.World;
  before(async () => {
    world = await w.openWorld({ backoffMs: 50, flapRestartsMax: 3, retryWindowMs: 1_500 });
    await world.launch();
  });
  after(() => world.close());

  it("backs off, lets it rest when it flaps, shows its last lines, and tries again after the window", async () => {
    const release = await world.controller.release("dddddddddddd", {
      "server.cjs": "console.error('no database'); process.exit(4)",
    });
    world.controller.send(w.machineDocument(1, [w.processDocument(9, release)]));
    const resting = await until("it rests", () =>
      w.seen(world, 9)?.state === "unmonitored" ? w.seen(world, 9) : null,
    );
    assert.equal(resting.restarts, 3);
    assert.match(resting.problem ?? "", /restarted 3 times and rests now: It ended with code 4/);
    assert.equal(resting.lastLines.at(-1), "no database");
    assert.ok(world.controller.reports.some((it) => it.processes[0]?.state === "waiting"));
    await until("it is tried again", () => (w.seen(world, 9)?.restarts ?? 0) > 3);
  });
});
