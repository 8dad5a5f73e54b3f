import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { kill9, killMachine, processesOf } from "../harness/processes.ts";
import { startLoad } from "../harness/visitors.ts";
import { until } from "../harness/until.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";

const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 2 }
`;

describe("a site that is hit", () => {
  let site: TestSite;

  before(async () => {
    site = await createTestSite(siteFile);
    await site.startController();
    await site.apply();
    await allServe();
  });
  after(() => site.dispose());

  function allServe(): Promise<unknown> {
    return site.until(
      ({ roles }) => roles.every((r) => r.serving === r.target && r.machines === r.target),
      "all serves",
    );
  }

  function visitors() {
    return startLoad({
      host: site.host,
      port: site.port,
      hostHeader: "shop.localhost",
      crowd: { keepAlive: 6, fresh: 2, post: 0, long: 0 },
      thinkMs: 10,
      longMs: 0,
      timeMsMax: 60_000,
    });
  }

  it("loses no GET when a machine dies, and has another soon", async () => {
    const load = visitors();
    const victim = (await site.status()).machines.find((m) => m.role === "web")?.machine ?? "";
    await killMachine(site, victim);
    await site.until(({ machines }) => machines.every((m) => m.machine !== victim), "it is gone");
    await allServe();
    const { keepAlive, fresh } = await load.stop();
    assert.deepEqual([...keepAlive.failures, ...fresh.failures], []);
  });

  it("goes on without its controller, which then finds everything as it was", async () => {
    const load = visitors();
    const before = processesOf(site).map((process) => process.pid);
    const machines = (await site.status()).machines.map((m) => m.machine);
    process.kill(site.controllerPid(), "SIGKILL");
    const requests = load.tallies.keepAlive.requests;
    await until("visitors", () => load.tallies.keepAlive.requests > requests + 200);
    await site.startController();
    await allServe();
    assert.deepEqual(
      (await site.status()).machines.map((m) => m.machine),
      machines,
    );
    const after = new Set(processesOf(site).map((process) => process.pid));
    assert.deepEqual(
      before.filter((pid) => !after.has(pid)),
      [],
    );
    assert.equal(after.size, before.length);
    const { keepAlive, fresh } = await load.stop();
    assert.deepEqual([...keepAlive.failures, ...fresh.failures], []);
  });

  it("loses nothing when agents die; they find their processes again", async () => {
    const load = visitors();
    const isAgent = (command: string): boolean => command.includes("tidemill.mjs agent");
    const agents = processesOf(site).filter((process) => isAgent(process.command));
    const others = processesOf(site).filter((process) => !isAgent(process.command));
    assert.equal(agents.length, 3);
    kill9(agents);
    await until(
      "three new agents",
      () =>
        processesOf(site).filter((p) => isAgent(p.command) && !agents.some((a) => a.pid === p.pid))
          .length === 3,
      20_000,
    );
    await allServe();
    const after = new Set(processesOf(site).map((process) => process.pid));
    assert.deepEqual(
      others.filter((process) => !after.has(process.pid)),
      [],
    );
    const { keepAlive, fresh } = await load.stop();
    assert.deepEqual([...keepAlive.failures, ...fresh.failures], []);
  });

  it("is back after a kill -9 of everything: what is left is cleaned up or adopted", async () => {
    const all = processesOf(site);
    process.kill(site.controllerPid(), "SIGKILL");
    kill9(all);
    await site.startController();
    await allServe();
    await until("it answers", async () => (await fetch(site.url)).ok);
    const known = new Set((await site.status()).machines.map((m) => m.machine));
    const strays = processesOf(site).filter((process) => !known.has(process.machine));
    assert.deepEqual(strays, []);
    assert.deepEqual(readdirSync(join(site.state, "machines")).toSorted(), [...known].toSorted());
  });

  it("puts back by hand what a hand changed in the running balancer, and tells of it", async () => {
    const machine =
      (await site.status()).machines.find((m) => m.role === "balancer")?.machine ?? "";
    const { runtimeDirectory } = JSON.parse(
      readFileSync(join(site.state, "machines", machine, "agent.json"), "utf8"),
    ) as { runtimeDirectory: string };
    const { callRuntimeApi } = await import("../../src/adapters/haproxy/runtime-api.ts");
    const socket = join(runtimeDirectory, "runtime.sock");
    const signal = AbortSignal.timeout(5_000);
    const state = await callRuntimeApi(socket, "show servers state web", signal);
    const server =
      state
        .split("\n")
        .find((line) => / web-\d+\.\d+ /.test(line))
        ?.split(" ")[3] ?? "";
    await callRuntimeApi(socket, `set server web/${server} state maint`, signal);
    const told = async (): Promise<boolean> => {
      type Events = { events: readonly { kind: string; reason: string }[] };
      const { events } = await site.call<Events>("GET", `/v1/events?subject=${machine}`);
      return events.some((event) => event.kind === "drift" && event.reason.includes(server));
    };
    await until("the drift is on record", told, 15_000);
    await allServe();
  });
});
