import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Lease, LeaseAnswer } from "../../src/ports/lease.ts";
import { until } from "../harness/until.ts";

export interface OpenLease {
  /** Another controller's way to the same lease. */
  connect(): Lease;
  close(): Promise<void>;
}

/** What every Lease does, each action twice. */
export function describeLease(title: string, open: () => Promise<OpenLease>): void {
  describe(title, () => {
    const signal = new AbortController().signal;
    let opened: OpenLease;
    let [one, two]: Lease[] = [];
    before(async () => {
      opened = await open();
      [one, two] = [opened.connect(), opened.connect()];
    });
    after(async () => {
      await one?.close();
      await two?.close();
      await opened.close();
    });
    const take = (
      lease: Lease | undefined,
      holder: string,
      holdMs: number,
    ): Promise<LeaseAnswer> => {
      assert.ok(lease !== undefined);
      return lease.take({ holder, url: `http://${holder}`, holdMs }, signal);
    };
    const epochOf = (answer: LeaseAnswer): number => (answer.kind === "held" ? answer.epoch : -1);
    let epoch = 0;

    it("is given to the first who asks, who keeps it by asking again", async () => {
      epoch = epochOf(await take(one, "a", 60_000));
      assert.ok(epoch > 0);
      assert.equal(epochOf(await take(one, "a", 60_000)), epoch);
    });

    it("tells others who holds it, and for how long", async () => {
      for (const lease of [two, two]) {
        const answer = await take(lease, "b", 60_000);
        assert.ok(answer.kind === "taken" && answer.url === "http://a");
        assert.ok(answer.remainingMs > 0 && answer.remainingMs <= 60_000);
      }
    });

    it("is free as soon as its holder lets go, who is told to nobody else's cost", async () => {
      let heard = 0;
      two?.onRelease(() => (heard += 1));
      await two?.release("b", signal);
      assert.equal(epochOf(await take(one, "a", 60_000)), epoch, "not b's to release");
      await until("the listener hears", async () => {
        await take(one, "a", 60_000);
        await one?.release("a", signal);
        await one?.release("a", signal);
        return heard > 0;
      });
      const next = epochOf(await take(two, "b", 60_000));
      assert.ok(next > epoch, "a new holder has a higher epoch");
      epoch = next;
    });

    it("runs out, and then goes to another under a higher epoch", async () => {
      assert.equal(epochOf(await take(two, "b", 150)), epoch);
      const next = await until("it has run out", async () => {
        const answer = await take(one, "a", 60_000);
        return answer.kind === "held" ? answer.epoch : null;
      });
      assert.ok(next > epoch);
      const late = await take(two, "b", 60_000);
      assert.equal(late.kind, "taken", "its former holder has to wait like everybody");
    });

    it("is given to one of those who ask at the same time", async () => {
      await one?.release("a", signal);
      const answers = await Promise.all(
        ["c", "d", "e", "f"].map((holder, index) =>
          take(index % 2 === 0 ? one : two, holder, 60_000),
        ),
      );
      assert.equal(answers.filter(({ kind }) => kind === "held").length, 1);
    });
  });
}
