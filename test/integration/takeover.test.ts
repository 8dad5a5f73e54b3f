import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { POSTGRES_PASSWORD } from "../harness/postgres.ts";
import { processesOf } from "../harness/processes.ts";
import { createSharedSite } from "../harness/shared-site.ts";
import type { SharedController, SharedSite } from "../harness/shared-site.ts";
import { until } from "../harness/until.ts";
import { startLoad } from "../harness/visitors.ts";

const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 2 }
`;
const TAKEOVER_MS = 5_000;

describe("controllers that share a database", () => {
  let shared: SharedSite;

  let standby: SharedController;

  before(async () => {
    shared = await createSharedSite(siteFile);
    await shared.startController();
    await shared.site.apply();
    await allServe();
    standby = await shared.startController();
  });
  after(() => shared.dispose());

  function allServe(): Promise<unknown> {
    return shared.site.until(
      ({ roles }) => roles.every((r) => r.serving === r.target && r.machines === r.target),
      "all serves",
    );
  }

  /** Hits the leader in the middle of a deploy under load; another must lead soon, and nobody may notice. */
  async function takeOver(hit: (leader: SharedController) => void): Promise<SharedController> {
    const { site } = shared;
    const load = startLoad({
      host: site.host,
      port: site.port,
      hostHeader: "shop.localhost",
      crowd: { keepAlive: 4, fresh: 1, post: 1, long: 0 },
      thinkMs: 10,
      longMs: 0,
      timeMsMax: 90_000,
    });
    const former = shared.leader();
    assert.ok(former !== null);
    const termsBefore = (await shared.terms()).length;
    site.writeApplication(`v${termsBefore + 1}`);
    const deploy = await site.apply();
    assert.ok(deploy !== null);
    const hitAt = Date.now();
    hit(former);
    const term = await until(
      () => `another leads\n${former.log()}`,
      async () => (await shared.terms())[termsBefore],
      15_000,
    );
    assert.ok(term.at - hitAt <= TAKEOVER_MS, `after ${term.at - hitAt} ms`);
    await until("its address is told", () => ![null, former].includes(shared.leader()), 5_000);
    assert.equal(await site.deployEnded(deploy), "done");
    await allServe();
    const { keepAlive, fresh, post } = await load.stop();
    assert.deepEqual([...keepAlive.failures, ...fresh.failures, ...post.failures], []);
    assert.ok(keepAlive.requests > 100);
    return former;
  }

  /** Every machine on record lives once, and nothing else does. */
  async function assertNothingIsDouble(): Promise<void> {
    const { site } = shared;
    const known = (await site.status()).machines.map(({ machine }) => machine);
    const agents = processesOf(site).filter(({ command }) => command.includes("mjs agent"));
    assert.deepEqual(agents.map(({ machine }) => machine).toSorted(), known.toSorted());
    assert.equal(known.length, 3);
  }

  it("one leads and the other says where the leader is", async () => {
    const leader = shared.leader();
    assert.ok(leader !== null);
    const address = JSON.parse(readFileSync(`${shared.site.state}/controller.json`, "utf8")) as {
      url: string;
    };
    const own = /stands by at (\S+):/.exec(standby.log())?.[1] ?? "";
    const answer = await fetch(`${own}/v1/status`);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("x-tidemill-leader"), address.url);
    assert.match(await answer.text(), /not the leader: the leader is at http/);
  });

  it("the other takes over when the leader is killed", async () => {
    await takeOver(({ pid }) => process.kill(pid, "SIGKILL"));
    await assertNothingIsDouble();
    await shared.startController();
  });

  it("the other takes over when the leader freezes, which does nothing more when it wakes up", async () => {
    const former = await takeOver(({ pid }) => process.kill(pid, "SIGSTOP"));
    const terms = await shared.terms();
    process.kill(former.pid, "SIGCONT");
    await until("it stands by", () => /stands by(?!.*leads, epoch)/s.test(former.log()), 10_000);
    assert.deepEqual(await shared.terms(), terms);
    await assertNothingIsDouble();
  });

  it("the other takes over when the leader is cut off from the database", async () => {
    const former = await takeOver(({ wire }) => wire.cut());
    assert.match(former.log(), /leads no more: the lease could not be renewed in time/);
    former.wire.mend();
    const standsBy = /leads no more.*stands by at http/s;
    await until("it stands by", () => standsBy.test(former.log()), 10_000);
    await assertNothingIsDouble();
  });

  it("the other takes over at once when the leader is asked to end", async () => {
    const former = shared.leader();
    assert.ok(former !== null);
    const termsBefore = (await shared.terms()).length;
    const hitAt = Date.now();
    process.kill(former.pid, "SIGTERM");
    const term = await until(
      "another leads",
      async () => (await shared.terms())[termsBefore],
      10_000,
    );
    assert.ok(term.at - hitAt < 2_000, `after ${term.at - hitAt} ms`);
    await until("its address is told", () => shared.leader() !== null, 5_000);
    await allServe();
  });

  it("the password is in no log and no command line", () => {
    const logs = processesOf(shared.site).map(({ command }) => command);
    logs.push(shared.leader()?.log() ?? "");
    assert.ok(!logs.join("\n").includes(POSTGRES_PASSWORD));
  });
});
