import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, settle } from "../../../test/sim/world.ts";
import type { InventoryState } from "../inventory.ts";
import { siteHost } from "./balancer-host.ts";
import { documentsFor } from "./documents.ts";

const local = aSite([aRole("web", { machines: { min: 1, max: 1 } })]);
const netns = { ...local, provider: "netns" as const };

/** Where each balancer is told to listen; null: it is told nothing yet. */
function binds(state: InventoryState): readonly (string | null)[] {
  return documentsFor(state, [...state.machines.values()], (sealed) => sealed)
    .filter(({ role }) => role === "balancer")
    .map(({ balancer }) => balancer?.bind.host ?? null);
}

describe("where visitors come to", () => {
  it("is what the site file binds on this computer's own addresses", () => {
    const world = createWorld(local);
    beginDeploy(world, "web", "r1");
    settle(world);
    assert.deepEqual(binds(world.inventory), ["127.0.0.1"]);
    assert.equal(siteHost(world.inventory), "127.0.0.1");
  });

  it("is the balancer's own address where machines have one, and nothing before it is known", () => {
    const world = createWorld(netns);
    beginDeploy(world, "web", "r1");
    settle(world);
    const balancer = [...world.inventory.machines.values()].find((it) => it.role === "balancer");
    assert.ok(balancer !== undefined && balancer.address !== null);
    assert.deepEqual(binds(world.inventory), [balancer.address]);
    assert.equal(siteHost(world.inventory), balancer.address);
    commit(world, [{ kind: "machine", machine: { ...balancer, address: null } }]);
    assert.deepEqual(binds(world.inventory), [null]);
    assert.equal(siteHost(world.inventory), null);
  });

  it("stays with a balancer until it leaves, then moves to the next", () => {
    const world = createWorld(netns);
    settle(world);
    const first = [...world.inventory.machines.values()].find((it) => it.role === "balancer");
    assert.ok(first);
    const second = { ...first, name: "lb-2", number: 2, address: "10.64.1.9" };
    commit(world, [{ kind: "machine", machine: second }]);
    assert.equal(siteHost(world.inventory), first.address);
    commit(world, [{ kind: "machine", machine: { ...first, state: "draining" } }]);
    assert.equal(siteHost(world.inventory), "10.64.1.9");
  });
});
