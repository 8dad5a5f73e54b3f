import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { costRoutes } from "../../api/cost-routes.ts";
import type { Cost } from "../../api/cost-routes.ts";
import { emptyInventory } from "../../core/changes.ts";
import type { Rental } from "../../core/cost/rental.ts";
import { rentalKey } from "../../core/cost/rental.ts";
import type { Site } from "../../core/desired.ts";
import type { InventoryState, MachineRecord } from "../../core/inventory.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Inventory } from "../../ports/inventory.ts";
import { readSiteFile } from "../../site/site-file.ts";
import { renderCost } from "./cost.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const november = Date.UTC(2026, 10);
const hour = 3_600_000;

const page = readFileSync(new URL("../../../docs/cost.md", import.meta.url), "utf8");
const [, yaml = ""] = /```yaml\n([^]*?)```/.exec(page) ?? [];
const [, shown = ""] = /```text\n\$ tidemill cost\n([^]*?)```/.exec(page) ?? [];

function siteOf(text: string): Site {
  const reading = readSiteFile([{ path: "tidemill.yaml", text }]);
  assert.ok(reading.kind === "site", JSON.stringify(reading));
  return reading.site;
}

function aMachine(role: string, createdAt: number, type: string | null = null): MachineRecord {
  const name = `${role}-${createdAt}`;
  return { name, role, createdAt, type, provider: "local" } as MachineRecord;
}

function anEnd(role: string, from: number, to: number): Rental {
  return {
    machine: `${role}-${from}`,
    role,
    provider: "local",
    type: null,
    from,
    to,
    leftAt: null,
  };
}

/** A balancer and a worker since before the month, two web machines, and one more for a while. */
function aState(site: Site, ended: readonly Rental[]): InventoryState {
  const before = november - 40 * hour;
  const machines = [
    aMachine("balancer", before, "t3.micro"),
    aMachine("worker", before),
    aMachine("web", before),
    aMachine("web", before + 1),
  ];
  const empty = emptyInventory("key");
  return {
    ...empty,
    settings: { ...empty.settings, site },
    machines: new Map(machines.map((machine) => [machine.name, machine])),
    rentals: new Map(ended.map((rental) => [rentalKey(rental), rental])),
  };
}

const gust = anEnd("web", now - 60 * hour, now - 22.5 * hour);

async function ask(query: string, state: InventoryState, ended: readonly Rental[] = []) {
  const inventory = {
    state: () => state,
    rentals: ({ from, to, limit }) =>
      Promise.resolve(
        ended.filter((one) => (one.to ?? 0) >= from && one.from < to).slice(0, limit),
      ),
  } as Partial<Inventory> as Inventory;
  const routes = costRoutes({ inventory, clock: { now: () => now } as Clock });
  routes.onError((fault) => new Response(fault.message, { status: 422 }));
  return routes.request(`/v1/cost${query}`);
}

async function costOf(state: InventoryState, ended: readonly Rental[] = [], query = "") {
  const answer = await ask(query, state, ended);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Cost;
}

describe("tidemill cost", () => {
  it("prints what the documentation shows", async () => {
    // The state and the table both know the machine that is gone: it counts once.
    const cost = await costOf(aState(siteOf(yaml), [gust]), [gust]);
    assert.deepEqual(renderCost(cost).slice(0, 5), shown.trim().split("\n"));
    assert.deepEqual(renderCost(cost).slice(5), [
      "web may spend 60 USD a month; 35 % of the month's are spent; 1,863 machines may run",
      "prices of machine types: AWS on-demand list prices, Linux, us-east-1, as of 2026-11-21",
      "no price is known for worker",
      "next: add prices: { machines: { worker: 0.0104 USD per hour } } to the site file, with what they cost, then tidemill up",
    ]);
  });

  it("says without any price what is missing, and what to do", async () => {
    const site = siteOf("site: shop\nweb: { run: x, check: /up, machines: 2..10 }\n");
    const state = aState({ ...site, roles: site.roles }, []);
    const cost = await costOf({ ...state, machines: new Map([...state.machines].slice(2)) });
    const lines = renderCost(cost);
    const hours = "984.00 machine-hours; what they cost is not known";
    assert.equal(lines[0], `2026-11 until 2026-11-21T12:00Z: ${hours}`);
    assert.match(lines.at(-1) ?? "", /^next: add prices: \{ machines: \{ web: /);
    assert.deepEqual(cost.totals, []);
  });

  it("tells a month that is over without a forecast, and refuses one that has not begun", async () => {
    const state = aState(siteOf(yaml), []);
    const october = await costOf(state, [], "?month=2026-10");
    assert.equal(october.isOver, true);
    assert.equal(october.forecast, null);
    assert.deepEqual(october.limits, []);
    assert.equal(
      october.roles.find(({ role }) => role === "web")?.machineHours.toFixed(2),
      "80.00",
    );
    assert.match(renderCost(october)[1] ?? "", /COST$/);
    for (const wrong of ["2027-01", "november", "2026-13"]) {
      assert.equal((await ask(`?month=${wrong}`, state)).status, 422, wrong);
    }
  });

  it("says so when nothing was paid for", async () => {
    const cost = await costOf(emptyInventory("key"));
    assert.deepEqual(renderCost(cost), ["2026-11: no machine was paid for"]);
  });
});
