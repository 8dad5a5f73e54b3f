import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leaseRules } from "../core/lease.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Lease } from "../ports/lease.ts";
import { standBy } from "./leadership.ts";
import type { Term } from "./leadership.ts";

/** A database on a clock of its own, which tests move by hand. */
function createWorld() {
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const row = { holder: "", url: "", until: -Infinity, epoch: 0 };
  const releases = new Set<() => void>();
  const away = new Set<string>();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    deadline: () => new AbortController().signal,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal.addEventListener("abort", () => {
          sleepers.delete(sleeper);
          resolve();
        });
      }),
  };
  const lease: Lease = {
    take({ holder, url, holdMs }) {
      if (away.has(url)) return Promise.reject(new Failure("unavailable", "Cannot ask: cut off"));
      if (row.holder !== holder && row.until >= now) {
        return Promise.resolve({ kind: "taken", url: row.url, remainingMs: row.until - now });
      }
      if (row.holder !== holder) row.epoch += 1;
      Object.assign(row, { holder, url, until: now + holdMs });
      return Promise.resolve({ kind: "held", epoch: row.epoch });
    },
    release(holder) {
      if (row.holder === holder) row.until = -Infinity;
      for (const listener of releases) listener();
      return Promise.resolve();
    },
    announce: ({ url }) => Promise.resolve([url]),
    onRelease: (listener) => releases.add(listener),
    close: () => Promise.resolve(),
  };
  return {
    clock,
    lease,
    away,
    /** Lets time pass, in small steps; all that is due happens. */
    async pass(ms: number) {
      for (const end = now + ms; now < end; now += 50) {
        for (const sleeper of sleepers) {
          if (sleeper.at > now) continue;
          sleepers.delete(sleeper);
          sleeper.wake();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

interface Candidate {
  readonly terms: Term[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  leads(): boolean;
}

describe("controllers that stand by for each other", () => {
  function join(world: ReturnType<typeof createWorld>, url: string): Candidate {
    const terms: Term[] = [];
    const stop = new AbortController();
    let count = 0;
    const parts = {
      ...world,
      elapsedMs: () => world.clock.now(),
      newId: () => `${url} ${count++}`,
      url,
      agentUrl: url,
      rules: leaseRules,
      onFollow: () => undefined,
      onMembers: () => undefined,
      say: () => undefined,
    };
    const serve = (term: Term): Promise<void> => {
      terms.push(term);
      return new Promise((resolve) => {
        term.signal.addEventListener("abort", () => resolve());
      });
    };
    const ended = standBy(parts, serve, stop.signal);
    const leads = (): boolean =>
      (terms.at(-1)?.remainingMs() ?? 0) > 0 && terms.at(-1)?.signal.aborted === false;
    return { terms, stop, ended, leads };
  }

  it("one leads, and goes on leading while it renews", async () => {
    const world = createWorld();
    const [a, b] = [join(world, "a"), join(world, "b")];
    await world.pass(20_000);
    assert.deepEqual([a.terms.length, b.terms.length], [1, 0]);
    assert.ok(a.leads());
    assert.equal(a.terms[0]?.isTakeover, false);
    await stopBoth(world, a, b);
  });

  it("who is cut off steps down by its own clock, before the other leads", async () => {
    const world = createWorld();
    const [a, b] = [join(world, "a"), join(world, "b")];
    await world.pass(1_000);
    world.away.add("a");
    for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 50) {
      await world.pass(50);
      assert.ok(!(a.leads() && b.leads()));
    }
    assert.ok(b.leads());
    assert.equal(b.terms[0]?.isTakeover, true);
    assert.equal(b.terms[0]?.epoch, 2);
    world.away.clear();
    await world.pass(5_000);
    assert.deepEqual([a.leads(), b.leads()], [false, true]);
    await stopBoth(world, a, b);
  });

  it("who ends lets go, and the other leads at once", async () => {
    const world = createWorld();
    const [a, b] = [join(world, "a"), join(world, "b")];
    await world.pass(1_000);
    a.stop.abort();
    await world.pass(150);
    assert.ok(b.leads());
    await stopBoth(world, a, b);
  });

  async function stopBoth(
    world: ReturnType<typeof createWorld>,
    ...candidates: readonly Candidate[]
  ): Promise<void> {
    for (const { stop } of candidates) stop.abort();
    await world.pass(100);
    await Promise.all(candidates.map(({ ended }) => ended));
  }
});
