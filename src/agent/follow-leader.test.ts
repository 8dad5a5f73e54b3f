import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createControllerList } from "../adapters/machine-files/controller-list.ts";
import type { ControllerMessage } from "../core/messages.ts";
import type { ControllerLink } from "../ports/controller-link.ts";
import { Failure } from "../ports/failure.ts";
import { followLeader } from "./follow-leader.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-list-"));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, "controllers.json");
const signal = new AbortController().signal;

/** Controllers of which one leads; the others refuse. */
function site(leads: () => string, current: () => string) {
  const called: string[] = [];
  let tell: (message: ControllerMessage) => void = () => undefined;
  let hangUp: (why: string) => void = () => undefined;
  const link: ControllerLink = {
    connect(onMessage) {
      called.push(current());
      if (current() !== leads()) {
        return Promise.reject(new Failure("unavailable", "Cannot reach the controller: refused"));
      }
      tell = onMessage;
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      hangUp = resolve;
      return Promise.resolve({ send: () => true, ended, close: () => undefined });
    },
    fetchRelease: () => Promise.reject(new Failure("not_found", "Cannot fetch it: gone")),
  };
  return {
    link,
    called,
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
    const following = followLeader(link, list);
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
