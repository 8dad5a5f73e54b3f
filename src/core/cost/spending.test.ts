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
import type { Role } from "../desired.ts";
import { plan } from "../plan.ts";
import type { Spend } from "../scaling/rules/rules.ts";
import { readSiteFile } from "../../site/site-file.ts";
import { machinesAllowed, spendingOf } from "./spending.ts";

const start = Date.UTC(2026, 10, 3);
const hour = 3_600_000;

function cap(wish: Partial<Spend>): Spend {
  return { perHour: null, perMonth: null, currency: "USD", isCap: true, ...wish };
}

function withCap(role: Role, spend: Spend): Role {
  const web = "{ run: x, machines: 2..10, scale: { in_flight: 8, spend: { per month: 1 USD } } }";
  const reading = readSiteFile([{ path: "f", text: `site: shop\nweb: ${web}\n` }]);
  assert.ok(reading.kind === "site");
  const rules = reading.site.roles[0]?.scaling.rules;
  assert.ok(rules);
  return { ...role, scaling: { ...role.scaling, rules: { ...rules, spend } } };
}

/** Two machines at one dollar an hour each. */
function aWorld(spend: Spend): World {
  const role = withCap(aRole("web", { machines: { min: 2, max: 10 } }), spend);
  const price = { kind: "amount" as const, nanosPerHour: 1_000_000_000, currency: "USD" };
  const billing = { unit: "second" as const, minimumMs: 0 };
  const world = createWorld({
    ...aSite([role]),
    prices: { machines: { web: price }, billing },
  });
  world.now = start;
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

function told(world: World): readonly string[] {
  return world.log.filter((line) => line.startsWith("spend"));
}

describe("what a role has spent", () => {
  it("is what its machines cost in this month, those that are gone among them", () => {
    const world = aWorld(cap({}));
    world.now = start + 10 * hour;
    const spending = spendingOf(world.inventory, "web", world.now);
    assert.equal(spending?.machineHour, 1);
    assert.ok(Math.abs((spending?.thisMonth ?? 0) - 20) < 0.02);
    world.machines.delete("web-1");
    tick(world);
    const after = spendingOf(world.inventory, "web", world.now + hour)?.thisMonth ?? 0;
    assert.ok(after > 21 && after < 22.1, `${after}`);
    const december = Date.UTC(2026, 11, 1) + hour;
    assert.ok((spendingOf(world.inventory, "web", december)?.thisMonth ?? 9) <= 2.01);
  });

  it("is not known where nobody gave a price", () => {
    const world = aWorld(cap({}));
    assert.equal(spendingOf(world.inventory, "balancer", world.now), null);
  });
});

describe("a cap", () => {
  it("allows what it pays for, and never less than the minimum", () => {
    const spending = { machineHour: 0.5, thisMonth: 90 };
    assert.equal(machinesAllowed(cap({ perHour: 3 }), spending, 2), 6);
    assert.equal(machinesAllowed(cap({ perMonth: 100 }), spending, 2), 20);
    assert.equal(machinesAllowed(cap({ perHour: 3, perMonth: 91 }), spending, 1), 2);
    assert.equal(machinesAllowed(cap({ perMonth: 50 }), spending, 2), 2);
    assert.equal(machinesAllowed(cap({ perMonth: 50, isCap: false }), spending, 2), null);
    assert.equal(machinesAllowed(cap({}), spending, 2), null);
    assert.equal(machinesAllowed(null, spending, 2), null);
    assert.equal(machinesAllowed(cap({ perHour: 1 }), null, 2), null);
    const price = { machineHour: 0.1, thisMonth: 0 };
    assert.equal(machinesAllowed(cap({ perHour: 0.3 }), price, 0), 3);
  });

  it("keeps the month within its amount, but for what the minimum costs", () => {
    const wishes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 200 });
    const amounts = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(wishes, amounts, fc.integer({ min: 1, max: 3 }), (hours, perMonth, min) => {
        let [thisMonth, forMin] = [0, 0];
        for (const wish of hours) {
          const spending = { machineHour: 0.3, thisMonth };
          const allowed = machinesAllowed(cap({ perMonth }), spending, min) ?? wish;
          thisMonth += Math.max(min, Math.min(wish, allowed)) * 0.3;
          forMin += min * 0.3;
        }
        assert.ok(thisMonth <= perMonth + forMin + 1e-6);
      }),
    );
  });

  it("is known to whoever decides how many machines there should be", () => {
    const world = aWorld(cap({ perHour: 3 }));
    const role = world.inventory.roles.get("web");
    assert.ok(role);
    commit(world, [{ kind: "role", role: { ...role, target: 6 } }]);
    const decision = plan(observe(world), world.now).decisions.get("web");
    assert.equal(decision?.desired, 3);
    assert.ok(decision.reasons.some(({ sentence }) => /3 USD an hour may be spent/.test(sentence)));
  });

  it("says so once at 80 % and once at 100 %, and anew in the next month", () => {
    const world = aWorld(cap({ perMonth: 50 }));
    const at = (hours: number): number => {
      world.now = start + hours * hour;
      for (let i = 0; i < 3; i++) tick(world);
      return told(world).length;
    };
    assert.equal(at(19), 0);
    assert.equal(at(21), 1);
    assert.equal(at(24), 1);
    assert.equal(at(26), 2);
    assert.match(
      told(world)[0] ?? "",
      /^spend web: 80 % of what 2026-11 may cost are spent \(4\d\.\d\d of 50 USD\)/,
    );
    assert.match(told(world)[1] ?? "", /^spend web: 100 %/);
    assert.equal(at(100), 2);
    assert.equal(at(27 * 24 + 25 + 24), 3);
  });

  it("lets a machine that died be replaced", () => {
    const world = aWorld(cap({ perMonth: 1 }));
    world.now = start + 10 * hour;
    world.machines.delete("web-1");
    settle(world);
    const names = [...world.inventory.machines.keys()].toSorted();
    assert.deepEqual(names, ["lb-1", "web-2", "web-3"]);
    commit(world, []);
  });
});
