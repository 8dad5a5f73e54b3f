import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BalancerDocument, PoolDocument } from "../../src/core/document.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { LoadBalancer } from "../../src/ports/load-balancer.ts";
import { ask, patient, poolOf, serverOf, type Backend } from "../rig/balancer.ts";
import { until } from "../harness/until.ts";

/** A balancer that is not running yet, and web servers to put behind it. */
export interface BalancerUnderTest {
  readonly port: number;
  balancer(): LoadBalancer;
  backend(name: string): Promise<Backend>;
  document(pools: readonly PoolDocument[], changes?: Partial<BalancerDocument>): BalancerDocument;
  untilServer(id: number, state: string): Promise<void>;
  close(): Promise<void>;
}

/** What every LoadBalancer does, each action twice. */
export function describeLoadBalancer(name: string, open: () => Promise<BalancerUnderTest>): void {
  describe(`${name} as a LoadBalancer`, () => {
    let site: BalancerUnderTest;
    let one: Backend;
    let two: Backend;
    let generation = 0;

    before(async () => {
      site = await open();
      one = await site.backend("web-1.1");
      two = await site.backend("web-2.2");
    });
    after(() => site.close());

    async function twice(document: BalancerDocument): Promise<void> {
      generation += 1;
      await site.balancer().converge(document, generation, patient);
      const { reloads } = await site.balancer().report(patient);
      await site.balancer().converge(document, generation, patient);
      const report = await site.balancer().report(patient);
      assert.equal(report.reloads, reloads);
      assert.equal(report.generation, generation);
      assert.equal(report.problem, null);
      assert.deepEqual(report.drift, []);
    }
    const web = (...servers: Parameters<typeof poolOf>[1]): BalancerDocument =>
      site.document([poolOf("web", servers)]);
    const who = async (): Promise<string> => (await ask({ port: site.port })).body;
    const all = async (): Promise<readonly string[]> => {
      const names = await Promise.all(Array.from({ length: 8 }, who));
      return [...new Set(names)].toSorted();
    };

    it("reports that it does not serve before it has a document", async () => {
      const report = await site.balancer().report(patient);
      assert.equal(report.isServing, false);
      assert.notEqual(report.problem, null);
    });

    it("serves the document's servers", async () => {
      await twice(web(serverOf(1, one)));
      await site.untilServer(1, "up");
      const report = await site.balancer().report(patient);
      assert.equal(report.isServing, true);
      assert.deepEqual(await all(), ["web-1.1"]);
    });

    it("lets a server join, without a reload", async () => {
      const { reloads } = await site.balancer().report(patient);
      await twice(web(serverOf(1, one), serverOf(2, two)));
      await site.untilServer(2, "up");
      assert.deepEqual(await all(), ["web-1.1", "web-2.2"]);
      assert.equal((await site.balancer().report(patient)).reloads, reloads);
    });

    it("drains a server: its request ends, no other begins, then it is drained", async () => {
      let isDone = false;
      const slow = Array.from({ length: 2 }, () => ask({ port: site.port, path: "/slow/800" }));
      void Promise.all(slow).then(() => {
        isDone = true;
      });
      await until("a request on the server", () => one.inFlight() > 0);
      await twice(web(serverOf(1, one, { state: "drain" }), serverOf(2, two)));
      assert.deepEqual(await all(), ["web-2.2"]);
      assert.equal(isDone, false);
      await site.untilServer(1, "draining");
      await site.untilServer(1, "drained");
      const answers = await Promise.all(slow);
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [200, 200],
      );
    });

    it("takes a drained server back", async () => {
      await twice(web(serverOf(1, one), serverOf(2, two)));
      await site.untilServer(1, "up");
      assert.deepEqual(await all(), ["web-1.1", "web-2.2"]);
    });

    it("cuts off a server that is gone from the document", async () => {
      await twice(web(serverOf(2, two)));
      assert.deepEqual(await all(), ["web-2.2"]);
    });

    it("shows the maintenance page to everybody, and no longer", async () => {
      const maintenance = { isOn: true, page: "<h1>Back soon</h1>" };
      const pools = [poolOf("web", [serverOf(2, two)])];
      await twice(site.document(pools, { maintenance }));
      const answer = await ask({ port: site.port });
      assert.equal(answer.status, 503);
      assert.equal(answer.body, "<h1>Back soon</h1>");
      assert.equal(answer.headers["retry-after"], "60");
      await twice(site.document(pools));
      assert.equal(await who(), "web-2.2");
    });

    it("refuses a document it cannot use, and goes on serving", async () => {
      const bad = site.document([poolOf("web", [serverOf(2, two)]), poolOf("no such!name", [])]);
      for (const attempt of [1, 2]) {
        const isRejected = (error: unknown): boolean =>
          error instanceof Failure && error.code === "rejected";
        await assert.rejects(site.balancer().converge(bad, 99 + attempt, patient), isRejected);
        const report = await site.balancer().report(patient);
        assert.equal(report.generation, generation);
        assert.notEqual(report.problem, null);
        assert.equal(report.isServing, true);
        assert.equal(await who(), "web-2.2");
      }
      await twice(web(serverOf(2, two)));
    });

    it("counts every request once, and says which failed", async () => {
      const first = await site.balancer().report(patient);
      await who();
      await ask({ port: site.port, path: "/status/500" });
      await assert.rejects(ask({ port: site.port, path: "/cut" }));
      const totals = await until("the counts", async () => {
        const report = await site.balancer().report(patient);
        return report.totals.requests >= first.totals.requests + 3 && report.totals;
      });
      assert.equal(totals.epoch, first.totals.epoch);
      assert.equal(totals.requests - first.totals.requests, 3);
      assert.equal(totals.failed - first.totals.failed, 2);
    });

    it("calls for attention when a server goes down", async () => {
      let calls = 0;
      site.balancer().onNews(() => {
        calls += 1;
      });
      await two.kill();
      await site.untilServer(2, "down");
      await until("news", () => calls > 0);
    });

    it("ends, and can be ended again", async () => {
      await site.balancer().stop(patient);
      await site.balancer().stop(patient);
      await assert.rejects(ask({ port: site.port }));
      assert.equal((await site.balancer().report(patient)).isServing, false);
    });
  });
}
