import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Balance } from "../../src/core/desired.ts";
import { ask, openRig, patient, poolOf, serverOf, type Rig } from "../rig/balancer.ts";
import { until } from "../harness/until.ts";

/** Where requests go: routes, cookies, queues, algorithms, backups. */
describe("HAProxy's traffic", () => {
  let rig: Rig;
  let generation = 0;
  before(async () => {
    rig = await openRig();
  });
  after(() => rig.close());

  const converge = (document: ReturnType<Rig["document"]>): Promise<void> => {
    generation += 1;
    return rig.balancer().converge(document, generation, patient);
  };

  it("follows routes: the host's own first, the longest path of whole segments", async () => {
    const [web, api, shop] = [
      await rig.backend("web"),
      await rig.backend("api"),
      await rig.backend("shop"),
    ];
    const pools = [
      poolOf("api", [serverOf(1, api)]),
      poolOf("shop", [serverOf(2, shop)]),
      poolOf("web", [serverOf(3, web)]),
    ];
    const routes = [
      { host: null, path: "/api", pool: "api" },
      { host: "shop.example.com", path: "/", pool: "shop" },
      { host: "shop.example.com", path: "/api/v2/", pool: "web" },
    ];
    await converge(rig.document(pools, { routes, defaultPool: "web" }));
    for (const id of [1, 2, 3]) await rig.untilServer(id, "up");
    const to = async (path: string, host = "other.example.com"): Promise<string> =>
      (await ask({ port: rig.port, path, headers: { host } })).body;
    assert.equal(await to("/"), "web");
    assert.equal(await to("/api"), "api");
    assert.equal(await to("/api/x?y=1"), "api");
    assert.equal(await to("/apix"), "web");
    assert.equal(await to("/", "shop.example.com"), "shop");
    assert.equal(await to("/api", "SHOP.example.com:8080"), "shop");
    assert.equal(await to("/api/v2", "shop.example.com"), "web");
    assert.equal(api.seen.at(-1)?.headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(api.seen.at(-1)?.headers["x-forwarded-proto"], "http");

    const { reloads } = await rig.report();
    await converge(rig.document(pools, { routes: routes.slice(1), defaultPool: null }));
    assert.equal((await ask({ port: rig.port, path: "/api" })).status, 404);
    assert.equal(await to("/", "shop.example.com"), "shop");
    assert.equal((await rig.report()).reloads, reloads);
  });

  it("keeps a visitor on a server by its cookie, until the server drains", async () => {
    const a = await rig.backend("sticky-a");
    const b = await rig.backend("sticky-b");
    const sticky = (state: "ready" | "drain"): ReturnType<typeof poolOf> =>
      poolOf("web", [serverOf(1, a), serverOf(2, b, { state })], { stickyCookie: "SERVER" });
    await converge(rig.document([poolOf("web", [serverOf(1, a)], { stickyCookie: "SERVER" })]));
    await converge(rig.document([sticky("ready")]));
    await rig.untilServer(2, "up");
    const first = await until("a visitor on b", async () => {
      const answer = await ask({ port: rig.port });
      return answer.body === "sticky-b" && answer;
    });
    const cookie = String(first.headers["set-cookie"]).split(";")[0] ?? "";
    assert.match(cookie, /^SERVER=/);
    const visit = async (): Promise<string> =>
      (await ask({ port: rig.port, headers: { cookie } })).body;
    for (let count = 0; count < 10; count += 1) assert.equal(await visit(), "sticky-b");
    await converge(rig.document([sticky("drain")]));
    const visits = { isOver: false };
    const visitor = (async () => {
      while (!visits.isOver) await ask({ port: rig.port, path: "/slow/20", headers: { cookie } });
    })();
    await rig.untilServer(2, "drained", 8_000);
    visits.isOver = true;
    await visitor;
    assert.equal(await visit(), "sticky-a");
  });

  it("lets requests above the limit wait, and says how many wait and run", async () => {
    const a = await rig.backend("limited");
    const pool = (limit: number | null): ReturnType<typeof poolOf> =>
      poolOf("web", [serverOf(5, a, { limit })], { hasQueue: true, queueTimeoutMs: 1_000 });
    await converge(rig.document([pool(2)]));
    await rig.untilServer(5, "up");
    const many = [1, 2, 3, 4, 5].map(() => ask({ port: rig.port, path: "/slow/1500" }));
    await until("three in the queue", async () => {
      const [report] = (await rig.report()).pools;
      return report?.queue === 3 && report.inFlight === 2;
    });
    assert.equal(a.inFlight(), 2);
    const statuses = (await Promise.all(many))
      .map((answer) => answer.status)
      .toSorted((a, b) => a - b);
    assert.deepEqual(statuses, [200, 200, 503, 503, 503]);
    await converge(rig.document([pool(null)]));
    const free = await Promise.all(
      [1, 2, 3, 4, 5].map(() => ask({ port: rig.port, path: "/slow/500" })),
    );
    assert.ok(free.every((answer) => answer.status === 200));
    const latency = await until("latency", async () => (await rig.report()).pools[0]?.latency);
    assert.ok(latency.p99 >= 500 && latency.p99 < 1_800, JSON.stringify(latency));
  });

  it("takes joins at run time with every algorithm", async () => {
    const a = await rig.backend("all-a");
    const b = await rig.backend("all-b");
    const algorithms: readonly Balance[] = [
      "roundrobin",
      "leastconn",
      "first",
      "random",
      "source",
      "uri",
      "url_param(user)",
      "hdr(x-tenant)",
    ];
    const pools = (servers: Parameters<typeof poolOf>[1]): readonly ReturnType<typeof poolOf>[] =>
      algorithms.map((balance, index) => poolOf(`p${index}`, servers, { balance }));
    await converge(rig.document(pools([])));
    assert.equal((await ask({ port: rig.port })).status, 503);
    const { reloads } = await rig.report();
    await converge(rig.document(pools([serverOf(1, a), serverOf(2, b, { slowStartMs: 1_000 })])));
    await until("all up", async () =>
      (await rig.report()).pools.every((pool) => pool.serversUp === 2),
    );
    assert.equal((await rig.report()).reloads, reloads);
    assert.equal((await ask({ port: rig.port })).status, 200);
  });

  it("gives weights their share, and turns to the backup only when nobody else is up", async () => {
    const [a, b, c] = [
      await rig.backend("heavy"),
      await rig.backend("light"),
      await rig.backend("backup"),
    ];
    const weighted = (weight: number): ReturnType<typeof poolOf> =>
      poolOf("web", [
        serverOf(1, a, { weight }),
        serverOf(2, b, { weight: 50 }),
        serverOf(3, c, { isBackup: true }),
      ]);
    await converge(rig.document([weighted(100)]));
    await converge(rig.document([weighted(150)]));
    for (const id of [1, 2, 3]) await rig.untilServer(id, "up");
    const counts = new Map<string, number>();
    for (let count = 0; count < 80; count += 1) {
      const { body } = await ask({ port: rig.port });
      counts.set(body, (counts.get(body) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(counts), { heavy: 60, light: 20 });
    await a.kill();
    await b.kill();
    await rig.untilServer(1, "down");
    await rig.untilServer(2, "down");
    assert.equal((await ask({ port: rig.port })).body, "backup");
  });
});
