import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { parseProcesses } from "../../src/adapters/haproxy/answers.ts";
import { createEngine } from "../../src/adapters/haproxy/engine.ts";
import { pathsOf } from "../../src/adapters/haproxy/places.ts";
import type { ServerDocument } from "../../src/core/document.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { Failure } from "../../src/ports/failure.ts";
import { callRuntimeApi } from "../../src/adapters/haproxy/runtime-api.ts";
import {
  ask,
  openRig,
  patient,
  poolOf,
  serverOf,
  startLoad,
  type Backend,
  type Rig,
} from "../rig/balancer.ts";
import { until } from "../harness/until.ts";
import { startLoad as startVisitors } from "../harness/visitors.ts";

const run = promisify(execFile);

/** Killed, adopted, tampered with. */
describe("HAProxy that is killed or changed by others", () => {
  let rig: Rig;
  let one: Backend;
  let two: Backend;
  before(async () => {
    rig = await openRig();
    one = await rig.backend("web-1.1");
    two = await rig.backend("web-2.2");
  });
  after(() => rig.close());

  const web = (): ReturnType<Rig["document"]> =>
    rig.document([poolOf("web", [serverOf(1, one), serverOf(2, two)])]);
  const processes = async (): Promise<{ master: number; worker: number }> => {
    const { masterSocket } = pathsOf(rig);
    const list = parseProcesses(await callRuntimeApi(masterSocket, "show proc", patient));
    assert.ok(list !== null && list.worker !== null);
    return { master: list.master, worker: list.worker };
  };
  const names = async (): Promise<readonly string[]> => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask({ port: rig.port })));
    return [...new Set(answers.map((answer) => answer.body))].toSorted();
  };
  const back = async (): Promise<number> => {
    const from = Date.now();
    await until("an answer", () =>
      ask({ port: rig.port }).then(
        (answer) => answer.status === 200,
        () => false,
      ),
    );
    return Date.now() - from;
  };

  it("is back within a second with all members, whichever process was killed", async () => {
    await rig.balancer().converge(web(), 1, patient);
    await rig.untilServer(2, "up");
    const took: number[] = [];
    for (const which of ["master", "worker", "both", "both"] as const) {
      const epoch = (await rig.report()).totals.epoch;
      const { master, worker } = await processes();
      if (which !== "worker") process.kill(master, "SIGKILL");
      if (which !== "master") {
        try {
          process.kill(worker, "SIGKILL");
        } catch {
          // The worker of a dead master ends itself.
        }
      }
      await until("the end of the old worker", async () => {
        const now = await processes().catch(() => null);
        return now === null || now.worker !== worker;
      });
      took.push(await back());
      assert.deepEqual(await names(), ["web-1.1", "web-2.2"]);
      await until("a report that it serves", async () => (await rig.report()).isServing);
      assert.notEqual((await rig.report()).totals.epoch, epoch);
      assert.deepEqual((await rig.report()).drift, []);
    }
    console.log(`back after ${took.join(", ")} ms`);
    assert.ok(Math.max(...took) < 1_000);
  });

  it("loses no GET of a machine that died, though it is taken out at the same moment", async () => {
    const survivor = [serverOf(1, one), serverOf(2, two)];
    await rig.balancer().converge(rig.document([poolOf("web", survivor)]), 10, patient);
    await rig.untilServer(2, "up");
    const visitors = startVisitors({
      host: "127.0.0.1",
      port: rig.port,
      hostHeader: "web.test",
      crowd: { keepAlive: 20, fresh: 0, post: 0, long: 0 },
      thinkMs: 5,
      longMs: 0,
      timeMsMax: 30_000,
    });
    for (let id = 10; id < 22; id++) {
      const dying = await rig.backend(`web-${id}.${id}`);
      const all = rig.document([poolOf("web", [...survivor, serverOf(id, dying)])]);
      await rig.balancer().converge(all, id, patient);
      await rig.untilServer(id, "up");
      await until("requests on the dying server", () => dying.seen.length > 40);
      await dying.kill();
      await rig.balancer().converge(rig.document([poolOf("web", survivor)]), id, patient);
    }
    const { keepAlive } = await visitors.stop();
    assert.ok(keepAlive.requests > 1_000, `only ${keepAlive.requests} requests`);
    assert.deepEqual(keepAlive.failures, []);
    await rig.balancer().converge(web(), 30, patient);
  });

  it("makes changes at once while a dead server keeps a connection, which is cut in the end", async () => {
    const [dying, elsewhere] = [await rig.backend("web-3.3"), await rig.backend("web-3.3")];
    const converge = (...servers: readonly ServerDocument[]): Promise<void> =>
      rig.balancer().converge(rig.document([poolOf("web", servers)]), 31, patient);
    await converge(serverOf(3, dying));
    await rig.untilServer(3, "up");
    const kept = ask({ port: rig.port, path: "/slow/20000", method: "POST" }).catch(() => null);
    await until("the request is on the server", () => dying.inFlight() > 0);
    const from = Date.now();
    // It is where it was no more: its name is free only when the old one has left.
    await converge(serverOf(1, one), serverOf(3, elsewhere));
    await rig.untilServer(1, "up");
    assert.deepEqual(await names(), ["web-1.1"]);
    const tookMs = Date.now() - from;
    assert.ok(tookMs < 1_500, `${tookMs} ms`);
    const { problem, servers } = await rig.report();
    assert.equal(problem, null);
    assert.equal(servers.find(({ id }) => id === 3)?.state, "starting");
    await rig.untilServer(3, "up");
    assert.ok(Date.now() - from > 2_000, "it had the time that a connection may take");
    assert.notEqual((await kept)?.status, 200);
    assert.deepEqual(await names(), ["web-1.1", "web-3.3"]);
    assert.deepEqual((await rig.report()).drift, []);
    await converge(serverOf(1, one), serverOf(2, two));
    await rig.untilServer(2, "up");
  });

  it("is adopted by the next agent without a lost request, counts and all", async () => {
    const load = startLoad(rig.port);
    await until("some load", () => load.count() > 200);
    const before = (await rig.report()).totals;
    const { master } = await processes();
    const balancer = await rig.reopen();
    await balancer.converge(web(), 2, patient);
    const report = await rig.report();
    assert.equal(report.pid, master);
    assert.equal(report.reloads, 0);
    assert.deepEqual(report.drift, []);
    assert.equal(report.totals.epoch, before.epoch);
    assert.ok(report.totals.requests >= before.requests);
    // HAProxy sends its log to the new agent.
    await until("latency", async () => (await rig.report()).pools[0]?.latency ?? null);
    const { requests, failures } = await load.stop();
    assert.deepEqual(failures, []);
    assert.ok(requests > 200);
  });

  it("goes on with the former configuration when a reload fails on an address in use", async () => {
    const load = startLoad(rig.port);
    const taken = createServer().listen({ port: 0, host: "127.0.0.1", exclusive: true });
    await once(taken, "listening");
    const address = taken.address();
    assert.ok(address !== null && typeof address === "object");
    const { port } = address;
    const moved = { ...web(), bind: { host: "127.0.0.1", port } };
    await assert.rejects(
      rig.balancer().converge(moved, 3, patient),
      (error: unknown) => error instanceof Failure && error.code === "rejected",
    );
    const report = await rig.report();
    assert.equal(report.generation, 2);
    assert.match(report.problem ?? "", /already in use/);
    taken.close();
    await rig.balancer().converge(web(), 4, patient);
    assert.equal((await rig.report()).problem, null);
    await rig.balancer().converge({ ...web(), clientTimeoutMs: 20_000 }, 5, patient);
    assert.equal((await rig.report()).reloads, 1);
    const { failures } = await load.stop();
    assert.deepEqual(failures, []);
    await rig.balancer().converge(web(), 6, patient);
  });

  it("is started again by an agent that had adopted it", async () => {
    const { master, worker } = await processes();
    process.kill(master, "SIGKILL");
    await until("the end of the worker", async () => {
      const now = await processes().catch(() => null);
      return now === null || now.worker !== worker;
    });
    assert.ok((await back()) < 1_000);
    assert.deepEqual(await names(), ["web-1.1", "web-2.2"]);
  });

  it("undoes and tells what others changed in process and file", async () => {
    const { runtimeSocket, config, maintenanceMap } = pathsOf(rig);
    const text = await readFile(config, "utf8");
    await until("it serves", async () => (await rig.report()).isServing);
    const call = (command: string): Promise<string> =>
      callRuntimeApi(runtimeSocket, command, patient);
    await call("set server web/web-1.1 state maint");
    await call("set weight web/web-2.2 7");
    await call("add server web/foreign 127.0.0.1:9");
    await call(`set map ${maintenanceMap} site 1`);
    await run("sh", ["-c", `echo '# by hand' >> ${config}`]);
    await until("repair", async () => (await rig.report()).drift.length >= 5, 8_000);
    const drift = (await rig.report()).drift.map((entry) => entry.what).toSorted();
    assert.deepEqual(drift, [
      `${config} was changed`,
      `HAProxy held other entries than ${maintenanceMap}`,
      "web/foreign is in no document",
      "web/web-1.1 was in maintenance",
      "web/web-2.2 had weight 7",
    ]);
    assert.equal(await readFile(config, "utf8"), text);
    await rig.untilServer(1, "up");
    assert.deepEqual(await names(), ["web-1.1", "web-2.2"]);
    await call("disable server web/web-1.1; shutdown sessions server web/web-1.1");
    await until("deleted", async () => (await call("del server web/web-1.1")).includes("deleted"));
    await until("repair", async () => (await rig.report()).drift.length >= 6, 8_000);
    await rig.untilServer(1, "up");
  });

  it("is not waited for when it dies while its master is asked", async () => {
    await until("it serves", async () => (await rig.report()).isServing);
    await rig.balancer().detach();
    const { master, worker } = await processes();
    let pauses = 0;
    const clock: Clock = {
      now: () => Date.now(),
      deadline: (ms) => AbortSignal.timeout(ms),
      async sleep(ms) {
        pauses += 1;
        await setTimeout(ms);
      },
    };
    const engine = createEngine({ places: rig, binary: "haproxy", clock, env: {} });
    // What a look meets when the master is dead and the worker has not seen it yet.
    await rm(pathsOf(rig).masterSocket);
    const probed = engine.probe(patient);
    probed.catch(() => undefined);
    await until("a first try", () => pauses > 0);
    for (const pid of [master, worker]) process.kill(pid, "SIGKILL");
    assert.equal(await probed, null);
  });
});
