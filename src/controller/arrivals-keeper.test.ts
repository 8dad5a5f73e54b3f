import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ArrivalsRecord } from "../core/history/arrivals.ts";
import type { LoadSample } from "../core/observed.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import { createArrivalsKeeper } from "./arrivals-keeper.ts";
import type { ArrivalsKeeper } from "./arrivals-keeper.ts";

const start = 1_795_000_200;

interface Shelf {
  readonly inventory: Inventory;
  readonly rows: Map<string, ArrivalsRecord>;
  isBroken: boolean;
  writes: number;
}

function aShelf(): Shelf {
  const rows = new Map<string, ArrivalsRecord>();
  const shelf: Shelf = {
    rows,
    isBroken: false,
    writes: 0,
    inventory: {
      arrivalsMeans: () => Promise.resolve([...rows.values()]),
      arrivals: ({ fromS, toS }) =>
        Promise.resolve([...rows.values()].filter(({ startS }) => startS >= fromS && startS < toS)),
      writeArrivals(records) {
        shelf.writes += 1;
        const failure = new Failure("unavailable", "Cannot write to the inventory: disk full");
        if (shelf.isBroken) return Promise.reject(failure);
        for (const record of records) rows.set(`${record.role} ${record.startS}`, record);
        return Promise.resolve();
      },
    } as Partial<Inventory> as Inventory,
  };
  return shelf;
}

async function watch(keeper: ArrivalsKeeper, fromS: number, toS: number): Promise<void> {
  for (let second = fromS; second < toS; second += 1) {
    const sample: LoadSample = {
      at: second * 1_000 + 400,
      inFlight: 0,
      queue: 0,
      requestsPerSecond: 5,
      serversUp: 1,
      latency: null,
      metrics: {},
    };
    keeper.note(new Map([["web", [sample]]]));
    await keeper.keep(second * 1_000 + 500);
  }
}

describe("the controller's memory of arrivals", () => {
  it("writes five minutes when they are over, and once a minute what it knows of them", async () => {
    const shelf = aShelf();
    await watch(createArrivalsKeeper(shelf.inventory), start, start + 310);
    assert.equal(shelf.writes, 5);
    assert.equal(shelf.rows.get(`web ${start}`)?.known, 300);
    assert.equal(shelf.rows.get(`web ${start + 300}`)?.known, 1);
  });

  it("loses no more than a minute when it is killed", async () => {
    const shelf = aShelf();
    await watch(createArrivalsKeeper(shelf.inventory), start, start + 239);
    await watch(createArrivalsKeeper(shelf.inventory), start + 240, start + 303);
    assert.ok((shelf.rows.get(`web ${start}`)?.known ?? 0) >= 240);
  });

  it("knows after a restart what another saw, and goes on with the running five minutes", async () => {
    const shelf = aShelf();
    const former = createArrivalsKeeper(shelf.inventory);
    await watch(former, start, start + 400);
    await former.leave();
    const next = createArrivalsKeeper(shelf.inventory);
    await watch(next, start + 405, start + 610);
    assert.equal(next.earlier().get("web")?.rate(start), 5);
    assert.equal(shelf.rows.get(`web ${start + 300}`)?.known, 295);
  });

  it("says what failed, asks seldom meanwhile, and loses nothing", async () => {
    const shelf = aShelf();
    const keeper = createArrivalsKeeper(shelf.inventory);
    await watch(keeper, start, start + 300);
    shelf.isBroken = true;
    const before = shelf.writes;
    const failure = await keeper.keep((start + 302) * 1_000);
    assert.equal(failure?.code, "unavailable");
    await watch(keeper, start + 303, start + 340);
    assert.ok(shelf.writes - before <= 5, `${shelf.writes - before} writes`);
    shelf.isBroken = false;
    await watch(keeper, start + 340, start + 360);
    assert.equal(shelf.rows.get(`web ${start}`)?.known, 300);
  });
});
