import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startLoad } from "../harness/visitors.ts";
import type { Load, LoadResult } from "../harness/visitors.ts";
import type { DeployStatus } from "../../src/core/status.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { until } from "../harness/until.ts";

const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web:
  run: node server.js
  source: code
  check: /up
  machines: 2..4
  deploy: { batch: 1, timeout: 10s }
`;

describe("a site under load", () => {
  let site: TestSite;
  let load: Load;

  before(async () => {
    site = await createTestSite(siteFile);
    await site.startController();
    await site.apply();
    await allServe(2);
  });
  after(() => site.dispose());

  function allServe(machines: number): Promise<unknown> {
    const serves = ({
      role,
      serving,
      machines: all,
    }: {
      role: string;
      serving: number;
      machines: number;
    }) => (role === "balancer" ? serving === 1 : serving === machines && all === machines);
    return site.until((status) => status.roles.every(serves), `${machines} machines serve`);
  }

  function startVisitors(): void {
    load = startLoad({
      host: site.host,
      port: site.port,
      hostHeader: "shop.localhost",
      crowd: { keepAlive: 6, fresh: 2, post: 2, long: 2 },
      thinkMs: 10,
      longMs: 1000,
      timeMsMax: 60_000,
    });
  }

  async function visitorsLostNothing(): Promise<LoadResult> {
    const result = await load.stop();
    for (const [kind, tally] of Object.entries(result)) {
      assert.ok(tally.requests > 0, `nobody came by ${kind}`);
      assert.deepEqual(tally.failures, [], kind);
    }
    return result;
  }

  it("deploys without losing a request, and says so by the balancer's own count", async () => {
    startVisitors();
    site.writeApplication("v2");
    const id = await site.apply();
    assert.ok(id !== null);
    assert.equal(await site.deployEnded(id), "done");
    const result = await visitorsLostNothing();
    const deploy = await site.call<DeployStatus>("GET", `/v1/deploys/${id}`);
    assert.equal(deploy.failed, 0);
    assert.ok((deploy.requests ?? 0) > 0 && (deploy.requests ?? 0) <= total(result));
    assert.match(await (await fetch(site.url)).text(), /v2$/);
  });

  it("goes back by itself when the new release does not start, and shows its last lines", async () => {
    startVisitors();
    site.writeApplication("bad", 'console.log("no such module: VERSION"); process.exit(3);');
    const id = await site.apply();
    assert.ok(id !== null);
    assert.equal(await site.deployEnded(id), "reverted");
    await visitorsLostNothing();
    const { failure } = await site.call<DeployStatus>("GET", `/v1/deploys/${id}`);
    assert.match(failure?.message ?? "", /^web-\d+\.\d+ ended 3 times before it was healthy/);
    assert.deepEqual(failure?.lastLines.at(-1), "no such module: bad");
    assert.match(await (await fetch(site.url)).text(), /v2$/);
  });

  it("refuses a second deploy while one runs, naming the holder", async () => {
    site.writeApplication("v3");
    const id = await site.apply();
    assert.ok(id !== null);
    site.writeApplication("v4");
    await assert.rejects(site.apply(), /409 .*deploy \d+, begun by the API, is running/);
    assert.equal(await site.deployEnded(id), "done");
  });

  it("rolls back without an argument", async () => {
    startVisitors();
    const { deploy } = await site.call<{ deploy: number }>("POST", "/v1/rollback");
    assert.equal(await site.deployEnded(deploy), "done");
    await visitorsLostNothing();
    assert.match(await (await fetch(site.url)).text(), /v2$/);
  });

  it("scales out and in by hand without losing a request", async () => {
    startVisitors();
    const pin = (machines: number) =>
      site.call("POST", "/v1/roles/web/scale", { kind: "pin", machines, forMs: null });
    await pin(4);
    await allServe(4);
    await pin(2);
    await allServe(2);
    await visitorsLostNothing();
  });

  it("replaces a machine by hand without losing a request", async () => {
    startVisitors();
    const victim = (await site.status()).machines.find((m) => m.role === "web")?.machine ?? "";
    await site.call("POST", `/v1/machines/${victim}/replace`);
    await site.until(
      ({ machines }) => machines.every((m) => m.machine !== victim),
      `${victim} is gone`,
    );
    await allServe(2);
    await visitorsLostNothing();
  });

  it("shows the maintenance page, and the site again", async () => {
    await site.call("PUT", "/v1/maintenance", { isOn: true });
    await untilAnswer(503);
    const page = await fetch(site.url);
    assert.match(await page.text(), /<html/);
    assert.ok(page.headers.has("retry-after"));
    await site.call("PUT", "/v1/maintenance", { isOn: false });
    await untilAnswer(200);
  });

  async function untilAnswer(wanted: number): Promise<void> {
    const isThere = async () => (await fetch(site.url)).status === wanted;
    await until(`an answer ${wanted}`, isThere);
  }
});

function total(result: LoadResult): number {
  return Object.values(result).reduce((sum, tally) => sum + tally.requests, 0);
}
