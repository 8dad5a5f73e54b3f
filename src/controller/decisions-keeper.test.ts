import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Decision } from "../core/scaling/decision.ts";
import type { DecisionRecord } from "../core/scaling/decision-record.ts";
import { emptyDecisionState } from "../core/scaling/rules/state.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import { aDecisionRecord } from "../../test/harness/decision-record.ts";
import { createDecisionsKeeper } from "./decisions-keeper.ts";
import type { DecisionsKeeper } from "./decisions-keeper.ts";

const start = 1_795_000_200_000;

interface Shelf {
  readonly inventory: Inventory;
  states: ReadonlyMap<string, string>;
  records: DecisionRecord[];
  isBroken: boolean;
  writes: number;
}

function aShelf(): Shelf {
  const shelf: Shelf = {
    states: new Map(),
    records: [],
    isBroken: false,
    writes: 0,
    inventory: {
      decisionStates: () => Promise.resolve(shelf.states),
      writeDecisions({ states, records }) {
        shelf.writes += 1;
        const failure = new Failure("unavailable", "Cannot write to the inventory: disk full");
        if (shelf.isBroken) return Promise.reject(failure);
        shelf.states = new Map(states);
        shelf.records.push(...records);
        return Promise.resolve();
      },
    } as Partial<Inventory> as Inventory,
  };
  return shelf;
}

function aDecision(s: number, desired: number): Decision {
  const state = { ...emptyDecisionState, asked: { s, desired } };
  return { desired, isActing: true, state, reasons: [], near: null, nextS: s + 1 };
}

/** Decides once a second from `from` to `to`, both in seconds. */
async function decideOften(
  keeper: DecisionsKeeper,
  from: number,
  to: number,
  sizeAt: (second: number) => number,
): Promise<readonly (Failure | null)[]> {
  const answers: (Failure | null)[] = [];
  for (let second = from; second < to; second += 1) {
    const at = start + second * 1_000;
    const size = sizeAt(second);
    const record = aDecisionRecord({ at, from: size, to: size, wanted: size });
    keeper.note(new Map([["web", aDecision(at / 1_000, size)]]), [record]);
    answers.push(await keeper.keep(at));
  }
  return answers;
}

const always = (size: number) => (): number => size;

describe("the controller's memory of decisions", () => {
  it("writes a change at once, what stands once a minute, and a row each five minutes", async () => {
    const shelf = aShelf();
    const keeper = createDecisionsKeeper(shelf.inventory);
    await decideOften(keeper, 0, 600, always(4));
    assert.ok(shelf.writes <= 12, `${shelf.writes} writes`);
    assert.equal(shelf.records.length, 2);
    const before = shelf.writes;
    await decideOften(keeper, 600, 602, always(5));
    assert.equal(shelf.writes - before, 1);
    assert.equal(shelf.records.at(-1)?.to, 5);
    assert.match(shelf.states.get("web") ?? "", /"desired":5/);
  });

  it("gives the next controller what stood, and nothing of what is damaged", async () => {
    const shelf = aShelf();
    const former = createDecisionsKeeper(shelf.inventory);
    await decideOften(former, 0, 30, always(4));
    await former.leave(start + 30_000);
    shelf.states = new Map([...shelf.states, ["api", "{ torn"]]);
    const recalled = await createDecisionsKeeper(shelf.inventory).recall();
    assert.deepEqual([...recalled.keys()], ["web"]);
    assert.deepEqual(recalled.get("web")?.state.asked, { s: start / 1_000 + 29, desired: 4 });
  });

  it("forgets roles that nothing is decided for, as of a site that is down", async () => {
    const shelf = aShelf();
    const keeper = createDecisionsKeeper(shelf.inventory);
    await decideOften(keeper, 0, 2, always(4));
    keeper.note(new Map(), []);
    await keeper.keep(start + 3_000);
    assert.equal(shelf.states.size, 0);
    const before = shelf.writes;
    await keeper.keep(start + 100_000);
    assert.equal(shelf.writes, before, "nothing is written for nothing");
  });

  it("writes nothing on leaving when nothing was decided", async () => {
    const shelf = aShelf();
    shelf.states = new Map([["web", "kept"]]);
    await createDecisionsKeeper(shelf.inventory).leave(start);
    assert.equal(shelf.states.get("web"), "kept");
  });

  it("says what failed, asks seldom meanwhile, and loses no decision", async () => {
    const shelf = aShelf();
    const keeper = createDecisionsKeeper(shelf.inventory);
    shelf.isBroken = true;
    const answers = await decideOften(keeper, 0, 40, (second) => 4 + (second % 2));
    assert.equal(answers[0]?.code, "unavailable");
    assert.ok(shelf.writes <= 5, `${shelf.writes} writes`);
    shelf.isBroken = false;
    await decideOften(keeper, 40, 51, always(4));
    assert.ok(shelf.records.length >= 40, `${shelf.records.length}`);
  });
});
