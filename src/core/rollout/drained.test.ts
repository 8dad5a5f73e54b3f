import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, observe, settle } from "../../../test/sim/world.ts";
import { plan } from "../plan.ts";

/** What is stopped of a server that drains, while a new balancer has not called home to this leader yet. */
function stopped(isListed: boolean): readonly string[] {
  const world = createWorld(aSite([aRole("web", { machines: { min: 1, max: 3 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const server = world.inventory.servers.get(1);
  const balancer = world.inventory.machines.get("lb-1");
  assert.ok(server && balancer);
  commit(world, [
    { kind: "server", server: { ...server, state: "draining" } },
    { kind: "machine", machine: { ...balancer, state: "launching", calledHomeAt: null } },
  ]);
  const observed = observe(world);
  const agents = new Map(observed.agents);
  agents.delete("lb-1");
  assert.ok(observed.provider);
  const machines = new Map(observed.provider.machines);
  if (!isListed) machines.delete("lb-1");
  const seen = { ...observed, agents, provider: { ...observed.provider, machines } };
  const { actions } = plan(seen, world.now);
  return actions.filter(({ kind }) => kind === "stop").map(({ subject }) => subject);
}

describe("a drain while the only balancer has not called home", () => {
  it("has not ended when that balancer is there: a former leader may have told it of the server", () => {
    assert.deepEqual(stopped(true), []);
  });

  it("has ended when there is no balancer that could send anything", () => {
    assert.deepEqual(stopped(false), ["web-1.1"]);
  });
});
