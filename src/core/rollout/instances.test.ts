import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, observe, settle } from "../../../test/sim/world.ts";
import type { Observed } from "../observed.ts";
import { plan } from "../plan.ts";

const site = (instances: number) =>
  aSite([aRole("web", { instances, machines: { min: 1, max: 1 } })]);

/** One machine with two servers, of which the balancer sees these up, and a site file that wants one. */
function observeOneFewer(...up: readonly number[]): { observed: Observed; now: number } {
  const world = createWorld(site(2));
  beginDeploy(world, "web", "r1");
  settle(world);
  const { settings } = world.inventory;
  commit(world, [{ kind: "settings", settings: { ...settings, site: site(1) } }]);
  const observed = observe(world);
  const agents = new Map(observed.agents);
  const agent = agents.get("lb-1");
  assert.ok(agent?.report?.balancer);
  const servers = agent.report.balancer.servers.map((server) => ({
    ...server,
    state: up.includes(server.id) ? ("up" as const) : ("down" as const),
  }));
  assert.deepEqual(
    servers.map(({ id }) => id),
    [1, 2],
  );
  const balancer = { ...agent.report.balancer, servers };
  agents.set("lb-1", { ...agent, report: { ...agent.report, balancer } });
  return { observed: { ...observed, agents }, now: world.now };
}

function leaving({ observed, now }: ReturnType<typeof observeOneFewer>): readonly string[] {
  const { actions } = plan(observed, now);
  return actions
    .filter(({ reason }) => reason === "one instance fewer")
    .map(({ kind, subject }) => `${kind} ${subject}`);
}

describe("a role that wants one instance fewer", () => {
  it("lets the last one leave once the one that stays serves", () => {
    assert.deepEqual(leaving(observeOneFewer(1, 2)), ["leave web-1.2"]);
  });

  it("keeps the last one while it alone serves", () => {
    assert.deepEqual(leaving(observeOneFewer(2)), []);
  });

  it("lets one leave that serves nobody, whatever the other does", () => {
    assert.deepEqual(leaving(observeOneFewer()), ["leave web-1.2"]);
  });
});
