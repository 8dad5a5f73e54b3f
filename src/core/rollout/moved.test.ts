import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, observe, settle } from "../../../test/sim/world.ts";
import { plan } from "../plan.ts";

/** What is done about a server that listens elsewhere than where it joined, so long ago. */
function afterJoining(joinedMsAgo: number): readonly string[] {
  const world = createWorld(aSite([aRole("web", { machines: { min: 1, max: 1 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const server = world.inventory.servers.get(1);
  assert.ok(server);
  const stateAt = world.now - joinedMsAgo;
  commit(world, [{ kind: "server", server: { ...server, stateAt, address: "127.0.0.9" } }]);
  return plan(observe(world), world.now).actions.map(({ kind, subject }) => `${kind} ${subject}`);
}

describe("a server that has moved", () => {
  it("joins anew where it is", () => {
    assert.deepEqual(afterJoining(6_000), ["join web-1.1"]);
  });

  it("waits when it joined a moment ago", () => {
    assert.deepEqual(afterJoining(1_000), []);
  });

  it("does not wait for a former leader's clock that was ahead", () => {
    assert.deepEqual(afterJoining(-60_000), ["join web-1.1"]);
  });
});
