import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { BalancerDocument } from "../../src/core/document.ts";
import type { BalancerReport } from "../../src/core/report.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { LoadBalancer } from "../../src/ports/load-balancer.ts";
import { documentOf, patient, poolOf, serverOf } from "../rig/balancer.ts";
import { until } from "../harness/until.ts";

/** Somebody who answers checks until he is killed. */
export interface Listener {
  readonly name: string;
  readonly port: number;
  kill(): Promise<void>;
}

/** A balancer that is not running yet, whatever it is made of. */
export interface BalancerStage {
  readonly port: number;
  balancer(): LoadBalancer;
  /** As an agent that is started again does. */
  reopen(): Promise<LoadBalancer>;
  backend(name: string): Promise<Listener>;
  close(): Promise<void>;
}

/** Documents in, reports out: what every LoadBalancer does, whoever visits; each action is done twice. */
export function describeBalancerLife(title: string, open: () => Promise<BalancerStage>): void {
  describe(`${title} as a LoadBalancer: documents and reports`, () => {
    let stage: BalancerStage;
    let one: Listener;
    let two: Listener;
    let generation = 0;
    before(async () => {
      stage = await open();
      one = await stage.backend("web-1.1");
      two = await stage.backend("web-2.2");
    });
    after(() => stage.close());

    const report = (): Promise<BalancerReport> => stage.balancer().report(patient);
    const web = (...servers: Parameters<typeof poolOf>[1]): BalancerDocument =>
      documentOf(stage.port, [poolOf("web", servers)]);
    const states = async (): Promise<readonly string[]> =>
      (await report()).servers.map(({ id, pool, state }) => `${pool} ${id} ${state}`).toSorted();
    const untilStates = (...wanted: readonly string[]): Promise<unknown> =>
      until(wanted.join(), async () => (await states()).join() === wanted.join());
    const twice = async (document: BalancerDocument): Promise<void> => {
      generation += 1;
      await stage.balancer().converge(document, generation, patient);
      const first = await report();
      await stage.balancer().converge(document, generation, patient);
      const second = await report();
      assert.equal(second.reloads, first.reloads);
      assert.equal(second.totals.epoch, first.totals.epoch);
      assert.equal(second.generation, generation);
      assert.equal(second.isServing, true);
      assert.equal(second.problem, null);
      assert.deepEqual(second.drift, []);
    };

    it("says that it does not serve before it has a document", async () => {
      const { isServing, problem, pid, servers } = await report();
      assert.deepEqual({ isServing, pid, servers }, { isServing: false, pid: null, servers: [] });
      assert.notEqual(problem, null);
    });

    it("takes servers in when they answer, and more of them without a reload", async () => {
      await twice(web(serverOf(1, one)));
      await untilStates("web 1 up");
      const { reloads } = await report();
      await twice(web(serverOf(1, one), serverOf(2, two)));
      await untilStates("web 1 up", "web 2 up");
      const after = await report();
      assert.equal(after.reloads, reloads);
      assert.deepEqual(
        after.pools.map(({ pool, serversUp }) => ({ pool, serversUp })),
        [{ pool: "web", serversUp: 2 }],
      );
    });

    it("drains a server, and takes it back", async () => {
      await twice(web(serverOf(1, one, { state: "drain" }), serverOf(2, two)));
      await untilStates("web 1 drained", "web 2 up");
      await twice(web(serverOf(1, one, { state: "drain" }), serverOf(2, two)));
      assert.deepEqual(await states(), ["web 1 drained", "web 2 up"], "and stays so");
      await twice(web(serverOf(1, one), serverOf(2, two)));
      await untilStates("web 1 up", "web 2 up");
    });

    it("cuts off a server that is gone from the document", async () => {
      await twice(web(serverOf(2, two)));
      assert.deepEqual(await states(), ["web 2 up"]);
    });

    it("takes in a server that is to leave already, without sending anybody there", async () => {
      await twice(web(serverOf(1, one, { state: "drain" }), serverOf(2, two)));
      await untilStates("web 1 drained", "web 2 up");
      await twice(web(serverOf(2, two)));
    });

    it("refuses a document it cannot use, says so, and goes on with the former one", async () => {
      const pools = [poolOf("web", [serverOf(2, two)]), poolOf("no such!name", [])];
      for (const attempt of [1, 2]) {
        await assert.rejects(
          stage.balancer().converge(documentOf(stage.port, pools), 99 + attempt, patient),
          (error) => error instanceof Failure && error.code === "rejected",
        );
        const refused = await report();
        assert.equal(refused.generation, generation);
        assert.notEqual(refused.problem, null);
        assert.equal(refused.isServing, true);
        assert.deepEqual(await states(), ["web 2 up"]);
      }
      await twice(web(serverOf(2, two)));
    });

    it("goes on while its agent is started again, which changes nothing", async () => {
      const former = await report();
      await stage.reopen();
      await twice(web(serverOf(2, two)));
      const next = await report();
      assert.equal(next.totals.epoch, former.totals.epoch);
      assert.equal(next.pid, former.pid);
      assert.deepEqual(await states(), ["web 2 up"]);
    });

    it("calls for attention when a server goes down", async () => {
      let calls = 0;
      stage.balancer().onNews(() => void (calls += 1));
      await two.kill();
      await untilStates("web 2 down");
      await until("news", () => calls > 0);
    });

    it("ends, and can be ended again", async () => {
      await stage.balancer().stop(patient);
      await stage.balancer().stop(patient);
      assert.equal((await report()).isServing, false);
    });
  });
}
