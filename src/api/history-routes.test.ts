import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ArrivalsRecord } from "../core/history/arrivals.ts";
import { emptyInventory } from "../core/changes.ts";
import type { Inventory } from "../ports/inventory.ts";
import { historyRoutes } from "./history-routes.ts";
import type { History } from "./history-routes.ts";
import type { ApiParts } from "./parts.ts";

const startS = Date.parse("2026-11-21T20:00:00Z") / 1_000;

function aRecord(offset: number): ArrivalsRecord {
  const rates = Array.from({ length: 300 }, (_, second) => (second === 1 ? null : second % 7));
  return { role: "web", startS: startS + offset * 300, known: 299, mean: 2.98765, rates };
}

const records = Array.from({ length: 3 }, (_, offset) => aRecord(offset));
const inventory = {
  state: () => emptyInventory("key"),
  arrivals: ({ fromS, toS, limit }) =>
    Promise.resolve(
      records.filter((record) => record.startS >= fromS && record.startS < toS).slice(0, limit),
    ),
} as Partial<Inventory> as Inventory;
const routes = historyRoutes({ inventory } as Partial<ApiParts> as ApiParts);

async function ask(query: string): Promise<Response> {
  return routes.request(`/v1/history?${query}`);
}

describe("GET /v1/history", () => {
  it("gives lines that a simulation reads; what nobody saw is left out", async () => {
    const answer = await ask("role=web&format=csv&limit=1");
    assert.match(answer.headers.get("content-type") ?? "", /^text\/csv/);
    const lines = (await answer.text()).split("\n");
    assert.deepEqual(lines.slice(0, 4), [
      "timestamp,rps",
      "2026-11-21T20:00:00Z,0",
      "2026-11-21T20:00:02Z,2",
      "2026-11-21T20:00:03Z,3",
    ]);
    assert.equal(lines.length, 301);
  });

  it("gives page after page until there is no more", async () => {
    const starts: string[] = [];
    let path = "/v1/history?role=web&format=csv&step=300&limit=1";
    for (let page = 0; page < 5 && path !== ""; page += 1) {
      const answer = await routes.request(path);
      starts.push((await answer.text()).split("\n")[1] ?? "");
      path = /<(.*)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? "";
    }
    assert.deepEqual(starts, [
      "2026-11-21T20:00:00Z,2.988",
      "2026-11-21T20:05:00Z,2.988",
      "2026-11-21T20:10:00Z,2.988",
    ]);
  });

  it("tells the same as JSON, with means alone or with every second", async () => {
    const coarse = (await (await ask("role=web&step=300&limit=2")).json()) as History;
    assert.deepEqual(coarse.fiveMinutes[0], { at: startS * 1_000, mean: 2.98765, known: 299 });
    assert.equal(coarse.next, (startS + 600) * 1_000);
    const fine = (await (await ask("role=web&from=2026-11-21T20:12:00Z")).json()) as History;
    assert.deepEqual(fine.fiveMinutes[0]?.rates, records[2]?.rates);
    assert.equal(fine.next, null);
  });

  it("refuses what is no time, and a page without end", async () => {
    for (const query of ["role=web&from=yesterday", "role=web&limit=100000", "from=0"]) {
      assert.equal((await ask(query)).status, 400, query);
    }
  });
});
