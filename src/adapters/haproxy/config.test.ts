import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { BalancerDocument, PoolDocument, ServerDocument } from "../../core/document.ts";
import { addServerCommand, renderConfig } from "./config.ts";

const places = { directory: "/srv/lb", socketDirectory: "/run/lb" };
const limits = { maxconn: 8_000, runAs: null };

const server: ServerDocument = {
  id: 17,
  name: "web-3.17",
  address: "127.0.1.3",
  port: 9_001,
  weight: 100,
  limit: 20,
  slowStartMs: 5_000,
  isBackup: false,
  state: "ready",
};

const pool: PoolDocument = {
  name: "web",
  balance: "roundrobin",
  check: {
    kind: "http",
    path: "/it's up?x=%20",
    host: "shop.example.com",
    everyMs: 2_000,
    timeoutMs: 1_000,
    rise: 2,
    fall: 3,
  },
  stickyCookie: "SERVER",
  stickyKey: "k3y",
  hasQueue: true,
  queueTimeoutMs: 5_000,
  drainMs: 30_000,
  servers: [server],
};

const document: BalancerDocument = {
  bind: { host: "127.0.0.1", port: 8_080 },
  connectTimeoutMs: 2_000,
  clientTimeoutMs: 30_000,
  serverTimeoutMs: 30_000,
  keepAliveTimeoutMs: 10_000,
  maintenance: { isOn: false, page: "<h1>Back soon</h1>" },
  pools: [
    {
      ...pool,
      name: "api",
      balance: "url_param(user)",
      stickyCookie: null,
      drainMs: 90_000,
      check: { kind: "tcp", everyMs: 100, timeoutMs: 100, rise: 1, fall: 1 },
      servers: [
        { ...server, id: 3, name: "api-1.3", limit: null, slowStartMs: 0, address: "::1" },
        { ...server, id: 4, name: "api-2.4", state: "drain" },
        { ...server, id: 5, name: "spare-1.5", isBackup: true },
      ],
    },
    pool,
  ],
  routes: [],
  defaultPool: "web",
};

const structureOf = (changed: BalancerDocument): string =>
  renderConfig(changed, places, limits).structure;

describe("the HAProxy configuration", () => {
  it("is the golden one (UPDATE=1 writes it anew)", () => {
    const golden = new URL("./config.golden.cfg", import.meta.url);
    const { text } = renderConfig(document, places, limits);
    if (process.env["UPDATE"] === "1") writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, "utf8"));
  });

  it("keeps its structure when servers, routes or maintenance change", () => {
    const base = structureOf(document);
    assert.equal(
      structureOf({ ...document, pools: document.pools.map((p) => ({ ...p, servers: [] })) }),
      base,
    );
    assert.equal(structureOf({ ...document, defaultPool: "api" }), base);
    const maintenance = { ...document.maintenance, isOn: true };
    assert.equal(structureOf({ ...document, maintenance }), base);
  });

  it("changes its structure with whatever only a reload can change", () => {
    const base = structureOf(document);
    const changes: readonly Partial<BalancerDocument>[] = [
      { bind: { host: "127.0.0.1", port: 8_081 } },
      { clientTimeoutMs: 1 },
      { maintenance: { isOn: false, page: "another" } },
      { pools: [{ ...pool, balance: "leastconn" }] },
      { pools: document.pools.map((p) => ({ ...p, stickyKey: "other" })) },
      { pools: document.pools.map((p) => ({ ...p, queueTimeoutMs: 1 })) },
    ];
    for (const change of changes) assert.notEqual(structureOf({ ...document, ...change }), base);
  });

  it("looks up no routes while one pool gets every request", () => {
    const alone = { ...document, pools: [pool] };
    const { text, maps } = renderConfig(alone, places, limits);
    assert.ok(text.includes("    default_backend web\n"));
    assert.ok(!text.includes("routes.map"));
    assert.deepEqual(
      maps.map((map) => map.path),
      ["/srv/lb/maps/maintenance.map"],
    );
    const routes = [{ host: null, path: "/api", pool: "web" }];
    assert.ok(renderConfig({ ...alone, routes }, places, limits).text.includes("routes.map"));
    const closed = renderConfig({ ...alone, defaultPool: null }, places, limits);
    assert.ok(closed.text.includes("default_backend site:unrouted"));
  });

  it("lists no server that drains, so no new process knows it", () => {
    const { text } = renderConfig(document, places, limits);
    assert.ok(!text.includes("api-2.4"));
    assert.ok(text.includes("api-1.3 [::1]:9001"));
  });

  it("names the worker's user only when there is one", () => {
    const { text } = renderConfig(document, places, { ...limits, runAs: 4711 });
    assert.ok(text.includes("    uid 4711\n    gid 4711\n"));
  });

  it("lets a server join only after its checks: weight 0, down by hand, then its weight", () => {
    assert.equal(
      addServerCommand(pool, server),
      "add server web/web-3.17 127.0.1.3:9001 id 17 weight 0 maxconn 20 slowstart 5000ms " +
        "check inter 2000ms fastinter 200ms downinter 200ms rise 2 fall 3 " +
        "pool-max-conn -1 pool-purge-delay 5s; enable health web/web-3.17; " +
        "enable server web/web-3.17; set server web/web-3.17 health down; " +
        "set weight web/web-3.17 100; set dynamic-cookie-key backend web k3y",
    );
  });
});
