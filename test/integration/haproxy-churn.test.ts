import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ServerDocument } from "../../src/core/document.ts";
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

/** Every membership change a site makes on purpose, under load, and not one request lost. */
describe("HAProxy under load", () => {
  let rig: Rig;
  let generation = 0;
  before(async () => {
    rig = await openRig();
  });
  after(() => rig.close());

  const converge = async (
    servers: readonly ServerDocument[],
    changes: Parameters<Rig["document"]>[1] = {},
  ): Promise<void> => {
    generation += 1;
    const document = rig.document([poolOf("web", servers)], changes);
    await rig.balancer().converge(document, generation, patient);
  };

  it("loses nothing while servers join and leave and the structure changes", async () => {
    let nextId = 3;
    const first = [await rig.backend("web-1.1"), await rig.backend("web-2.2")];
    let members: readonly { id: number; backend: Backend }[] = first.map((backend, index) => ({
      id: index + 1,
      backend,
    }));
    const ready = (): readonly ServerDocument[] =>
      members.map(({ id, backend }) => serverOf(id, backend));
    await converge(ready());
    await rig.untilServer(1, "up");
    const before = (await rig.report()).totals;
    const load = startLoad(rig.port);

    for (let round = 0; round < 8; round += 1) {
      const changes = { clientTimeoutMs: 30_000 + Math.floor(round / 2) };
      const joiner = { id: nextId, backend: await rig.backend(`web-${nextId}.${nextId}`) };
      nextId += 1;
      const [leaver, ...staying] = members;
      assert.ok(leaver);
      members = [...members, joiner];
      await converge(ready(), changes);
      await rig.untilServer(joiner.id, "up");
      members = [...staying, joiner];
      const drained = serverOf(leaver.id, leaver.backend, { state: "drain" });
      await converge([drained, ...ready()], changes);
      await rig.untilServer(leaver.id, "drained", 12_000);
      await leaver.backend.kill();
      await converge(ready(), changes);
    }

    const result = await load.stop();
    assert.deepEqual(result.failures, []);
    const report = await rig.report();
    assert.equal(report.reloads, 3);
    assert.deepEqual(report.drift, []);
    assert.equal(report.totals.epoch, before.epoch);
    assert.equal(report.totals.failed - before.failed, 0);
    const counted = report.totals.requests - before.requests;
    // A worker's very last answers can come after the last look at it.
    assert.ok(counted <= result.requests && counted >= result.requests * 0.995);
    console.log(`${result.requests} requests, 0 failed, ${counted} counted, 8 joins and leaves`);
  });

  it("loses nothing when a plain site gets its first routes and gives them up again", async () => {
    const [web, api] = [await rig.backend("plain-81"), await rig.backend("routed-82")];
    const plain = rig.document([poolOf("web", [serverOf(81, web)])]);
    const routed = rig.document(
      [poolOf("web", [serverOf(81, web)]), poolOf("api", [serverOf(82, api)])],
      { routes: [{ host: null, path: "/api", pool: "api" }] },
    );
    const converge = async (document: typeof plain): Promise<void> => {
      generation += 1;
      await rig.balancer().converge(document, generation, patient);
    };
    const whoHas = async (path: string): Promise<string> =>
      (await ask({ port: rig.port, path })).body;
    await converge(plain);
    await rig.untilServer(81, "up");
    const { reloads, totals } = await rig.report();
    const load = startLoad(rig.port);
    for (let round = 1; round <= 3; round += 1) {
      assert.equal(await whoHas("/api/x"), "plain-81");
      await converge(routed);
      await rig.untilServer(82, "up");
      assert.equal(await whoHas("/api/x"), "routed-82");
      assert.equal(await whoHas("/x"), "plain-81");
      const seen = load.count();
      await until("load on the routed site", () => load.count() > seen + 200);
      await converge(plain);
    }
    const result = await load.stop();
    assert.deepEqual(result.failures, []);
    const report = await rig.report();
    assert.equal(report.reloads - reloads, 6);
    assert.equal(report.totals.failed - totals.failed, 0);
    assert.deepEqual(report.drift, []);
    console.log(`${result.requests} requests, 0 failed, 3 times routed and plain again`);
  });

  it("lets a POST that began before a reload end after it, on a server that leaves", async () => {
    const a = await rig.backend("web-91.91");
    const b = await rig.backend("web-92.92");
    const id = { a: 91, b: 92 };
    await converge([serverOf(id.a, a)]);
    await rig.untilServer(id.a, "up");
    const post = ask({ port: rig.port, path: "/slow/1500", method: "POST" });
    await until("the POST on the server", () => a.inFlight() > 0);
    await converge([serverOf(id.a, a), serverOf(id.b, b)], { clientTimeoutMs: 31_000 });
    await rig.untilServer(id.b, "up");
    await converge([serverOf(id.a, a, { state: "drain" }), serverOf(id.b, b)], {
      clientTimeoutMs: 31_000,
    });
    const first = await Promise.race([
      post.then(() => "answered"),
      rig.untilServer(id.a, "drained", 12_000).then(() => "drained"),
    ]);
    assert.equal(first, "answered");
    assert.equal((await post).status, 200);
    await rig.untilServer(id.a, "drained", 12_000);
  });

  it("waits for the former worker when a reload comes in the middle of a drain, and a new agent too", async () => {
    const a = await rig.backend("web-96.96");
    const b = await rig.backend("web-97.97");
    const both = (state: "ready" | "drain"): readonly ServerDocument[] => [
      serverOf(96, a, { state }),
      serverOf(97, b),
    ];
    await converge(both("ready"));
    await rig.untilServer(96, "up");
    await rig.untilServer(97, "up");
    const posts = [1, 2].map(() =>
      ask({ port: rig.port, path: "/slow/1500", method: "POST" }).then(({ status }) => status),
    );
    await until("a POST on each server", () => a.inFlight() > 0 && b.inFlight() > 0);
    const stateOf = async (): Promise<string | undefined> =>
      (await rig.report()).servers.find((server) => server.id === 96)?.state;
    await converge(both("drain"));
    await converge(both("drain"), { clientTimeoutMs: 32_000 });
    assert.equal(await stateOf(), "draining");
    await rig.reopen();
    await converge(both("drain"), { clientTimeoutMs: 32_000 });
    assert.equal(await stateOf(), "draining");
    assert.equal(a.inFlight(), 1);
    assert.deepEqual(await Promise.all(posts), [200, 200]);
    await rig.untilServer(96, "drained");
  });

  it("counts an answer that was cut off after its start because the drain time was over", async () => {
    const a = await rig.backend("web-95.95");
    const pool = (state: "ready" | "drain"): Parameters<Rig["document"]>[0] => [
      poolOf("web", [serverOf(95, a, { state })], { drainMs: 200 }),
    ];
    await rig.balancer().converge(rig.document(pool("ready")), 98, patient);
    await rig.untilServer(95, "up");
    const { failed } = (await rig.report()).totals;
    const broken = ask({ port: rig.port, path: "/drip/2000" }).then(
      () => "whole",
      () => "broken",
    );
    await until("a request on the server", () => a.inFlight() > 0);
    await rig.balancer().converge(rig.document(pool("drain")), 99, patient);
    assert.equal(await broken, "broken");
    await rig.untilServer(95, "drained");
    await until("the count", async () => (await rig.report()).totals.failed - failed === 1);
  });

  it("cuts off what has not ended after the drain time, and counts it", async () => {
    const a = await rig.backend("web-93.93");
    const b = await rig.backend("web-94.94");
    const pool = (state: "ready" | "drain"): Parameters<Rig["document"]>[0] => [
      poolOf("web", [serverOf(93, a, { state }), serverOf(94, b)], { drainMs: 400 }),
    ];
    await rig.balancer().converge(rig.document(pool("ready")), 100, patient);
    await rig.untilServer(93, "up");
    await rig.untilServer(94, "up");
    const { failed } = (await rig.report()).totals;
    const slow = [1, 2].map(() => ask({ port: rig.port, path: "/slow/1500", method: "POST" }));
    await until("a request on the server", () => a.inFlight() > 0);
    const asked = Date.now();
    await rig.balancer().converge(rig.document(pool("drain")), 101, patient);
    await rig.untilServer(93, "drained");
    assert.ok(Date.now() - asked >= 390);
    assert.ok(Date.now() - asked < 1_500);
    const statuses = (await Promise.all(slow))
      .map((answer) => answer.status)
      .toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [200, 502]);
    await until("the count", async () => (await rig.report()).totals.failed - failed === 1);
  });
});
