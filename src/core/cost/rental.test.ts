import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aRole, aSite } from "../../../test/sim/site.ts";
import {
  beginDeploy,
  commit,
  createWorld,
  observe,
  settle,
  tick,
} from "../../../test/sim/world.ts";
import type { World } from "../../../test/sim/world.ts";
import { applyChanges, emptyInventory } from "../changes.ts";
import type { Site } from "../desired.ts";
import type { Observed, ProvidedMachine } from "../observed.ts";
import { plan } from "../plan.ts";
import { usualBilling } from "./bill.ts";
import { rentalsKept, rentalsOf } from "./rental.ts";

const start = Date.UTC(2026, 9, 31, 23, 59);

function aWorld(prices: Site["prices"] = null): World {
  const role = aRole("web", { machines: { min: 2, max: 20 } });
  const world = createWorld({ ...aSite([role]), prices });
  world.now = start;
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

type Act =
  | { readonly kind: "target"; readonly machines: number }
  | { readonly kind: "dies"; readonly which: number }
  | { readonly kind: "launches fail"; readonly many: number }
  | { readonly kind: "clock"; readonly byMs: number }
  | { readonly kind: "ticks"; readonly count: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant("target" as const), machines: fc.integer({ min: 2, max: 12 }) }),
  fc.record({ kind: fc.constant("dies" as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant("launches fail" as const), many: fc.nat(5) }),
  fc.record({
    kind: fc.constant("clock" as const),
    byMs: fc.constantFrom(-3_600_000, -5_000, 5_000, 3_600_000),
  }),
  fc.record({ kind: fc.constant("ticks" as const), count: fc.integer({ min: 1, max: 25 }) }),
);

/** What the provider would say of each machine: when it was asked for, and how long it was there. */
interface Truth {
  readonly askedAt: number;
  seenUntil: number;
}

function watch(world: World, truths: Map<string, Truth>): void {
  for (const { name, createdAt } of world.inventory.machines.values()) {
    const truth = truths.get(name);
    if (truth === undefined) truths.set(name, { askedAt: createdAt, seenUntil: createdAt });
  }
  for (const name of world.machines.keys()) {
    const truth = truths.get(name);
    if (truth !== undefined) truth.seenUntil = world.now;
  }
}

function perform(world: World, wish: Act): void {
  const role = world.inventory.roles.get("web");
  assert.ok(role);
  switch (wish.kind) {
    case "target": {
      const { machines: target } = wish;
      commit(world, [{ kind: "role", role: { ...role, target, targetAt: world.now } }]);
      return;
    }
    case "dies": {
      const names = [...world.machines.keys()].filter((name) => name.startsWith("web"));
      const name = names[wish.which % Math.max(1, names.length)];
      if (name !== undefined) world.machines.delete(name);
      return;
    }
    case "launches fail": {
      let left = wish.many;
      world.launchFails = () => left-- > 0;
      return;
    }
    case "clock":
      world.now += wish.byMs;
      return;
    case "ticks":
      return;
  }
}

describe("the ledger", () => {
  it("has each machine once, from its order until it is gone, whatever dies, fails or jumps", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        const world = aWorld();
        const truths = new Map<string, Truth>();
        watch(world, truths);
        for (const wish of acts) {
          perform(world, wish);
          for (let left = wish.kind === "ticks" ? wish.count : 1; left > 0; left--) {
            tick(world);
            watch(world, truths);
          }
        }
        const rentals = rentalsOf(world.inventory);
        assert.deepEqual(
          rentals.map(({ machine }) => machine).toSorted(),
          [...truths.keys()].toSorted(),
        );
        for (const { machine, from, to, leftAt } of rentals) {
          const truth = truths.get(machine);
          assert.equal(from, truth?.askedAt);
          assert.ok(to !== null || leftAt !== null || world.inventory.machines.has(machine));
          // Where the clock was set back in between, a time of before may be later than one of after.
          const isSteady = !acts.some((one) => one.kind === "clock" && one.byMs < 0);
          if (to !== null) assert.ok(to >= from);
          if (to !== null && isSteady) assert.ok(to >= (truth?.seenUntil ?? 0));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("keeps what a machine was ordered as", () => {
    const machines = { web: { kind: "type" as const, type: "t3.micro" } };
    const world = aWorld({ machines, billing: usualBilling });
    assert.equal(world.inventory.machines.get("web-1")?.type, "t3.micro");
    assert.equal(world.inventory.machines.get("lb-1")?.type, null);
    world.machines.delete("web-1");
    settle(world);
    const [ended] = world.inventory.rentals.values();
    assert.deepEqual([ended?.machine, ended?.type], ["web-1", "t3.micro"]);
  });

  it("goes on with a machine that was given up until a later listing no longer has it", () => {
    const world = aWorld();
    const silent = world.inventory.machines.get("web-1");
    assert.ok(silent);
    const left = { name: "web-1", at: world.now, isSeenGone: false } as const;
    commit(world, [{ kind: "machine-gone", ...left }]);
    const observed = observe(world);
    const machines = new Map(observed.provider?.machines);
    machines.delete("web-1");
    const ended = (provider: Observed["provider"]): boolean =>
      plan({ ...observed, provider }, world.now + 5_000).actions.some(({ changes }) =>
        changes.some((change) => change.kind === "rental" && change.rental.to !== null),
      );
    assert.equal(ended(null), false);
    assert.equal(ended({ at: world.now - 1, machines }), false);
    assert.equal(ended({ at: world.now, machines }), false);
    assert.equal(
      ended({ at: world.now + 1, machines: new Map(observed.provider?.machines) }),
      false,
    );
    assert.equal(ended({ at: world.now + 1, machines }), true);
    settle(world);
    const rental = world.inventory.rentals.get(`web-1 ${silent.createdAt}`);
    assert.ok(rental?.to !== null && (rental?.to ?? 0) > left.at);
  });

  it("does not take a dead machine that the provider still shows for gone", () => {
    const world = aWorld();
    const observed = observe(world);
    const seenGone = (machines: ReadonlyMap<string, ProvidedMachine>): readonly boolean[] => {
      const provider = { at: world.now + 20_000, machines };
      const agents = new Map([...observed.agents].filter(([name]) => name !== "web-1"));
      const { actions } = plan({ ...observed, agents, provider }, world.now + 20_000);
      return actions.flatMap(({ changes }) =>
        changes.flatMap((one) => (one.kind === "machine-gone" ? [one.isSeenGone] : [])),
      );
    };
    const machines = new Map(observed.provider?.machines);
    machines.set("web-1", { name: "web-1", address: "127.0.0.2", condition: "gone" });
    assert.deepEqual(seenGone(machines), [false]);
    machines.delete("web-1");
    assert.deepEqual(seenGone(machines), [true]);
  });

  it("holds the newest of those that ended", () => {
    const { inventory } = aWorld();
    const machine = inventory.machines.get("web-1");
    assert.ok(machine);
    const changes = Array.from({ length: rentalsKept + 2 }, (_, n) => [
      { kind: "machine" as const, machine: { ...machine, name: `x-${n}` } },
      { kind: "machine-gone" as const, name: `x-${n}`, at: start + n, isSeenGone: n > 0 },
    ]).flat();
    const { rentals } = applyChanges(emptyInventory("key"), changes);
    assert.equal(rentals.size, rentalsKept);
    // One that may still be there is not forgotten.
    assert.deepEqual(
      [...rentals.values()].slice(0, 2).map(({ machine }) => machine),
      ["x-0", "x-3"],
    );
  });
});
