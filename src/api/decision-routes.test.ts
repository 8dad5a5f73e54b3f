import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { z } from "@hono/zod-openapi";
import { aDecisionRecord } from "../../test/harness/decision-record.ts";
import { emptyInventory } from "../core/changes.ts";
import type { KeptDecision } from "../core/scaling/decision-record.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { decisionsSchema } from "./contract.ts";
import { decisionRoutes } from "./decision-routes.ts";
import type { ApiParts } from "./parts.ts";

type Decisions = z.infer<typeof decisionsSchema>;

const at = Date.parse("2026-11-21T20:00:00Z");
const kept: readonly KeptDecision[] = [4, 3, 2, 1].map((number) => ({
  number,
  ...aDecisionRecord({ at: at + number * 1_000 }),
}));
const inventory = {
  state: () => emptyInventory("key"),
  decisions: ({ role = "web", from, to, before = Infinity, limit }) =>
    Promise.resolve(
      kept
        .filter((one) => one.role === role && one.at >= from && one.at < to && one.number < before)
        .slice(0, limit),
    ),
} as Partial<Inventory> as Inventory;
const routes = decisionRoutes({ inventory } as Partial<ApiParts> as ApiParts);

async function ask(query: string): Promise<Decisions> {
  const answer = await routes.request(`/v1/decisions?${query}`);
  assert.equal(answer.status, 200, query);
  return (await answer.json()) as Decisions;
}

describe("GET /v1/decisions", () => {
  it("gives page after page, newest first, until there is no more", async () => {
    const seen: number[] = [];
    let before = "";
    for (let page = 0; page < 5; page += 1) {
      const { decisions, next } = await ask(`role=web&limit=2${before}`);
      seen.push(...decisions.map(({ number }) => number));
      if (next === null) break;
      before = `&before=${next}`;
    }
    assert.deepEqual(seen, [4, 3, 2, 1]);
  });

  it("gives those of a time, with each step", async () => {
    const { decisions } = await ask("from=2026-11-21T20:00:02Z&to=2026-11-21T20:00:03Z");
    assert.deepEqual(
      decisions.map(({ number }) => number),
      [2],
    );
    assert.deepEqual(decisions[0]?.steps, kept[0]?.reasons);
  });

  it("refuses what is no time, and a page without end", async () => {
    for (const query of ["from=yesterday", "limit=501", "limit=0", "before=x"]) {
      assert.equal((await routes.request(`/v1/decisions?${query}`)).status, 400, query);
    }
  });
});
