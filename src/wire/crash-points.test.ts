import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyInventory } from "../core/changes.ts";
import type { SiteEvent } from "../core/inventory.ts";
import type { OpenInventory } from "../ports/access-records.ts";
import { breakInventory, createPass } from "./crash-points.ts";

/** The steps that a controller passes which writes these groups of events, one group in each write. */
async function stepsOf(writes: readonly (readonly string[])[]): Promise<readonly string[]> {
  const steps: string[] = [];
  const inventory: Pick<OpenInventory, "state" | "commit"> = {
    state: () => emptyInventory("key"),
    commit: () => Promise.resolve(),
  };
  const pass = createPass(
    "nowhere",
    (name) => steps.push(name),
    () => assert.fail("it died"),
  );
  const broken = breakInventory(inventory as OpenInventory, pass);
  for (const kinds of writes) {
    const events = kinds.map((kind): SiteEvent => ({ at: 0, kind, subject: "web-1", reason: "" }));
    await broken.commit([], events);
  }
  return steps.toSorted();
}

describe("the steps at which a controller can be ended", () => {
  it("have the same names however the actions are put into writes", async () => {
    const apart = await stepsOf([["leave"], ["leave"], ["stop"], ["leave"], ["stop"]]);
    const together = await stepsOf([["leave"], ["leave", "stop"], ["leave", "stop"]]);
    assert.deepEqual(together, apart);
    assert.deepEqual(
      apart.filter((step) => step.startsWith("after write leave")),
      ["after write leave", "after write leave 2", "after write leave 3"],
    );
  });
});
