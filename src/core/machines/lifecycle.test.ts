import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, createWorld, observe, settle } from "../../../test/sim/world.ts";
import type { MachineRecord } from "../inventory.ts";
import type { Observed } from "../observed.ts";
import { plan } from "../plan.ts";

const site = aSite([aRole("web", { machines: { min: 2, max: 2 } })]);
const world = createWorld(site);
beginDeploy(world, "web", "r1");
settle(world);
/** Long after the last thing that happened to it. */
const now = world.now + 60_000;

/** web-1 hung up so long ago, and a listing so long ago does not show it. */
function observeWithout(hungUpMs: number, listedMs: number): Observed {
  const observed = observe(world);
  const machines = new Map(observed.provider?.machines);
  machines.delete("web-1");
  const agents = new Map(observed.agents);
  const agent = agents.get("web-1");
  assert.ok(agent);
  agents.set("web-1", { ...agent, isConnected: false, since: now - hungUpMs });
  return { ...observed, agents, provider: { at: now - listedMs, machines } };
}

function forgotten(observed: Observed): readonly string[] {
  const { actions } = plan(observed, now);
  return actions.filter(({ kind }) => kind === "forget").map(({ subject }) => subject);
}

describe("a machine that a listing does not show", () => {
  it("is forgotten when it has been silent since before it was listed", () => {
    assert.deepEqual(forgotten(observeWithout(8_000, 1_000)), ["web-1"]);
  });

  it("stays when it has been heard of since, however long ago", () => {
    assert.deepEqual(forgotten(observeWithout(8_000, 9_000)), []);
  });

  it("stays when it was heard of a moment ago", () => {
    assert.deepEqual(forgotten(observeWithout(3_000, 1_000)), []);
  });
});

/** web-1 is to be terminated since a second; the provider showed it, or not, so long ago. */
function planTermination(listedMs: number, isShown: boolean): readonly string[] {
  const observed = observeWithout(0, listedMs);
  const { inventory, provider } = observe(world);
  const web = inventory.machines.get("web-1");
  assert.ok(web);
  const servers = new Map([...inventory.servers].filter(([, it]) => it.machine !== "web-1"));
  const leaving: MachineRecord = { ...web, state: "terminating", stateAt: now - 1_000 };
  const machines = new Map(inventory.machines).set("web-1", leaving);
  const shown = isShown ? provider?.machines : observed.provider?.machines;
  const { actions } = plan(
    {
      ...observed,
      inventory: { ...inventory, machines, servers },
      provider: { at: now - listedMs, machines: shown ?? new Map() },
    },
    now,
  );
  return actions.filter(({ subject }) => subject === "web-1").map(({ kind }) => kind);
}

describe("a machine that is being terminated", () => {
  it("is not terminated again while the last listing is older than the wish", () => {
    assert.deepEqual(planTermination(2_000, false), []);
  });

  it("is terminated again when the provider still shows it", () => {
    assert.deepEqual(planTermination(500, true), ["terminate"]);
  });

  it("is forgotten when a later listing does not show it", () => {
    assert.deepEqual(planTermination(500, false), ["forget"]);
  });
});
