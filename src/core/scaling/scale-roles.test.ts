import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, settle, tick } from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import type { ScalingSettings } from "../desired.ts";
import type { LoadSample } from "../observed.ts";
import { policyFor } from "./role-policy.ts";

const bounds = { min: 1, max: 10 };
const usual: ScalingSettings = { inFlightPerMachine: 8, holdMs: 120_000 };

function aWorld(scaling: ScalingSettings = usual): World {
  const world = createWorld(aSite([aRole("web", { machines: bounds, scaling })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

/** One sample a second for so long, with a tick after each of them. */
function live(world: World, seconds: number, inFlight: number, queue = 0): void {
  for (let second = 0; second < seconds; second += 1) {
    world.now = Math.floor(world.now / 1_000) * 1_000 + 1_000;
    const samples = [...(world.load.get("web") ?? []), aSample(world.now, inFlight, queue)];
    world.load.set("web", samples);
    tick(world);
  }
}

/** Requests take half a second. */
function aSample(at: number, inFlight: number, queue: number): LoadSample {
  const requestsPerSecond = inFlight * 2;
  return { at, inFlight, queue, requestsPerSecond, serversUp: 1, latency: null, metrics: {} };
}

const targetOf = (world: World) => world.inventory.roles.get("web")?.target;
const reasonOf = (world: World) => world.inventory.roles.get("web")?.targetReason ?? "";

describe("scaleRoles", () => {
  it("grows for what comes and says why, and gives machines back after the hold time", () => {
    const world = aWorld();
    live(world, 90, 30);
    const grown = targetOf(world) ?? 0;
    assert.ok(grown >= 5 && grown <= 8, `${grown}`);
    assert.match(reasonOf(world), /requests a second are expected/);
    live(world, 100, 2);
    assert.ok((targetOf(world) ?? 0) >= 5, `${targetOf(world)}`);
    live(world, 100, 2);
    assert.equal(targetOf(world), 1);
    assert.deepEqual(world.refusals, []);
  });

  it("asks for far more at a rise, within the bounds", () => {
    const world = aWorld();
    live(world, 90, 2);
    assert.equal(targetOf(world), 1);
    live(world, 4, 8, 20);
    assert.equal(targetOf(world), 10);
    assert.match(reasonOf(world), /a sudden crowd/);
  });

  it("keeps what there is while nobody says what comes", () => {
    const world = aWorld();
    live(world, 90, 30);
    const grown = targetOf(world);
    for (let i = 0; i < 300; i += 1) {
      world.now += 1_000;
      tick(world);
    }
    assert.equal(targetOf(world), grown);
    assert.deepEqual(world.refusals, []);
  });

  it("lets an operator's pin and an operator's number stand", () => {
    const world = aWorld();
    live(world, 90, 30);
    const role = world.inventory.roles.get("web");
    assert.ok(role);
    commit(world, [{ kind: "role", role: { ...role, pin: { machines: 2, until: null } } }]);
    live(world, 5, 30);
    assert.deepEqual([targetOf(world), reasonOf(world)], [2, "pinned to 2"]);
    const quiet = aWorld();
    live(quiet, 70, 1);
    const record = quiet.inventory.roles.get("web");
    assert.ok(record);
    for (const target of [6, 3]) {
      commit(quiet, [{ kind: "role", role: { ...record, target, targetAt: quiet.now } }]);
      live(quiet, 3, 1);
      assert.equal(targetOf(quiet), target);
    }
  });

  it("only writes down what it would do in shadow mode", () => {
    const { rules } = policyFor({ scaling: usual }, bounds);
    const world = aWorld({ ...usual, rules: { ...rules, mode: "shadow" } });
    live(world, 90, 30);
    assert.equal(targetOf(world), 1);
    assert.ok((world.scaling.get("web")?.desired ?? 0) > 3);
  });

  it("hears the rules of the site file beside the aim", () => {
    const { rules } = policyFor({ scaling: usual }, bounds);
    const value = { kind: "metric", metric: "in_flight" } as const;
    const target = { name: "in_flight", value, unit: "number", target: 3, tolerance: 0.1 } as const;
    const world = aWorld({ ...usual, rules: { ...rules, targets: [target] } });
    live(world, 30, 6);
    assert.ok((targetOf(world) ?? 0) >= 2);
  });
});
