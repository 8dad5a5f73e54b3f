import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createControllerList } from "../adapters/machine-files/controller-list.ts";
import type { ControllerMessage } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControllerLink } from "../ports/controller-link.ts";
import { Failure } from "../ports/failure.ts";
import { followLeader } from "./follow-leader.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-list-"));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, "controllers.json");
const signal = new AbortController().signal;

/** Time stands still until it is told to go on. */
function createStillClock() {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    deadline: () => signal,
    sleep: (_ms, over) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(wake);
          resolve();
        };
        sleepers.add(wake);
        over.addEventListener("abort", wake, { once: true });
      }),
  };
  const goOn = async (): Promise<void> => {
    for (const wake of sleepers) wake();
    // What follows from it takes a few turns of promises, and no time.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, goOn };
}

/** Controllers of which one leads; the others refuse. */
function site(leads: () => string, current: () => string) {
  const called: string[] = [];
  let tell: (message: ControllerMessage) => void = () => undefined;
  let hangUp: (why: string) => void = () => undefined;
  let silentMs = 0;
  const closed: string[] = [];
  const link: ControllerLink = {
    connect(onMessage) {
      called.push(current());
      if (current() !== leads()) {
        return Promise.reject(new Failure("unavailable", "Cannot reach the controller: refused"));
      }
      tell = onMessage;
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      hangUp = resolve;
      const url = current();
      const close = (): void => void closed.push(url);
      return Promise.resolve({ send: () => true, ended, silentMs: () => silentMs, close });
    },
    fetchRelease: (_id, over) =>
      new Promise((_resolve, reject) => {
        const give = (): void => reject(new Failure("aborted", "Cannot fetch it: stopped"));
        over.addEventListener("abort", give, { once: true });
      }),
  };
  return {
    link,
    called,
    closed,
    fallSilent: (ms: number) => void (silentMs = ms),
    tell: (message: ControllerMessage) => tell(message),
    hangUp: (why: string) => hangUp(why),
  };
}

describe("an agent that follows its leader", () => {
  it("learns of the others, and finds the new leader among them when the old one is gone", async () => {
    let leader = "wss://a:1/v1/agent";
    const list = createControllerList(path, () => "wss://a:1/v1/agent");
    const { link, called, tell, hangUp } = site(
      () => leader,
      () => list.current(),
    );
    const following = followLeader(link, list, createStillClock().clock);
    const connection = await following.connect(() => assert.fail("no document came"), signal);
    tell({
      kind: "controllers",
      urls: ["wss://a:1/v1/agent", "wss://b:1/v1/agent", "wss://c:1/v1/agent"],
    });
    leader = "wss://c:1/v1/agent";
    hangUp("gone");
    await connection.ended;
    await following.connect(() => undefined, signal);
    assert.deepEqual(called, ["wss://a:1/v1/agent", "wss://b:1/v1/agent", "wss://c:1/v1/agent"]);
    leader = "wss://nobody:1/v1/agent";
    hangUp("gone");
    await assert.rejects(
      following.connect(() => undefined, signal),
      { code: "unavailable" },
    );
    assert.equal(called.length, 6);
  });

  it("leaves a silent leader as soon as another one leads, and not before", async () => {
    const urls = ["a", "b", "c"].map((name) => `wss://${name}:1/v1/agent`);
    const [first = "", second = "", third = ""] = urls;
    let leader = first;
    const list = createControllerList(join(directory, "silent.json"), () => first);
    const { clock, goOn } = createStillClock();
    const { link, called, closed, tell, hangUp, fallSilent } = site(
      () => leader,
      () => list.current(),
    );
    const following = followLeader(link, list, clock);
    const connection = await following.connect(() => undefined, signal);
    tell({ kind: "controllers", urls });
    fallSilent(1_400);
    await goOn();
    assert.deepEqual(called, [first], "one that is only slow is not suspected");
    leader = "nobody";
    fallSilent(1_600);
    await goOn();
    assert.deepEqual(called, [first, second, third]);
    assert.deepEqual(closed, [], "nobody else leads");
    assert.equal(list.current(), first);
    const fetched = assert.rejects(following.fetchRelease("r1", signal), { code: "unavailable" });
    leader = third;
    await goOn();
    assert.equal(await connection.ended, "another controller leads");
    await fetched;
    assert.deepEqual(closed, [first]);
    const next = await following.connect(() => undefined, signal);
    assert.deepEqual(called.slice(3), [second, third], "the one that was found is the next one");
    assert.equal(list.current(), third);
    hangUp("done");
    assert.equal(await next.ended, "done");
  });

  it("still knows them after its own restart, and never forgets where it was told to call", () => {
    const list = createControllerList(path, () => "wss://home:1/v1/agent");
    const seen = Array.from({ length: 4 }, () => {
      const url = list.current();
      list.advance();
      return url;
    });
    assert.deepEqual(seen, [
      "wss://a:1/v1/agent",
      "wss://b:1/v1/agent",
      "wss://c:1/v1/agent",
      "wss://home:1/v1/agent",
    ]);
    list.learn([]);
    assert.equal(list.current(), "wss://home:1/v1/agent");
  });
});
