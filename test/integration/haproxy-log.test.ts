import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { isAlive } from "../../src/adapters/haproxy/engine.ts";
import { parseProcesses, type ProcessList } from "../../src/adapters/haproxy/answers.ts";
import { pathsOf } from "../../src/adapters/haproxy/places.ts";
import { callRuntimeApi } from "../../src/adapters/haproxy/runtime-api.ts";
import {
  ask,
  openRig,
  patient,
  poolOf,
  serverOf,
  type Backend,
  type Rig,
} from "../rig/balancer.ts";
import { until } from "../harness/until.ts";

/** CPU time is counted in ticks of a hundredth of a second. */
const tickMs = 10;

/** The access log reaches whoever follows it, and costs nothing when nobody does. */
describe("HAProxy's access log", () => {
  let rig: Rig;
  let one: Backend;
  before(async () => {
    rig = await openRig();
    one = await rig.backend("web-1.1");
  });
  after(() => rig.close());

  const converge = (clientTimeoutMs: number): Promise<void> => {
    const document = rig.document([poolOf("web", [serverOf(1, one)])], { clientTimeoutMs });
    return rig.balancer().converge(document, clientTimeoutMs, patient);
  };
  const processes = async (): Promise<ProcessList & { worker: number }> => {
    const answer = await callRuntimeApi(pathsOf(rig).masterSocket, "show proc", patient);
    const list = parseProcesses(answer);
    assert.ok(list !== null && list.worker !== null);
    return { ...list, worker: list.worker };
  };
  const cpuMs = async (pid: number): Promise<number> => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  };
  /** Latency is of the last ten seconds, so what is told apart is how slow the slowest was. */
  const p99 = async (): Promise<number> => (await rig.report()).pools[0]?.latency?.p99 ?? 0;
  const untilSeen = async (slowMs: number): Promise<number> => {
    assert.ok((await p99()) < slowMs);
    await ask({ port: rig.port, path: `/slow/${slowMs}` });
    const from = Date.now();
    await until(`the request of ${slowMs} ms`, async () => (await p99()) > slowMs * 0.95, 2_000);
    return Date.now() - from;
  };

  it("is followed at once, by a new agent, across a reload and across a crash", async () => {
    await converge(30_000);
    await rig.untilServer(1, "up");
    const delays = [await untilSeen(100)];
    await rig.reopen();
    await converge(30_000);
    delays.push(await untilSeen(100));
    await converge(31_000);
    delays.push(await untilSeen(160));
    const { master, worker } = await processes();
    process.kill(master, "SIGKILL");
    await until("the end of the worker", async () => !(await isAlive(worker)));
    await until("a report that another serves", async () => {
      const { isServing, pid } = await rig.report();
      return isServing && pid !== master;
    });
    await rig.untilServer(1, "up");
    delays.push(await untilSeen(250));
    console.log(`read ${delays.join(", ")} ms after the answer`);
    assert.ok(Math.max(...delays) < 1_000);
  });

  it("keeps no old worker alive", async () => {
    const { worker } = await processes();
    await converge(32_000);
    const from = Date.now();
    await until("the end of the old worker", async () => !(await isAlive(worker)), 1_000);
    console.log(`the old worker ended ${Date.now() - from} ms after the reload`);
  });

  it("costs nothing while no agent lives", async () => {
    await ask({ port: rig.port });
    await rig.balancer().detach();
    const { worker } = await processes();
    for (let count = 0; count < 20; count += 1) await ask({ port: rig.port });
    const [beforeMs, from] = [await cpuMs(worker), Date.now()];
    // No condition to wait for: what is measured is that nothing happens.
    await sleep(1_000);
    const usedMs = ((await cpuMs(worker)) - beforeMs) / ((Date.now() - from) / 1_000);
    console.log(`${Math.round(usedMs)} ms of CPU a second without a reader`);
    assert.ok(usedMs < 100);
  });
});
