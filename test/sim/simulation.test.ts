import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { breaks } from "./breaks.ts";
import { faultKinds } from "./faults.ts";
import { regressions } from "./regressions.ts";
import { tell } from "./simulation.ts";

/** The same in every run: a change is judged by what it changes. `npm run sim` looks for new ones. */
const FIRST = 6_000;
const STORIES = 6;
const all = new Set(faultKinds);

describe("the simulated site", () => {
  for (const { seed, was } of regressions) {
    it(`stays well with seed ${seed}, where ${was}`, async () => {
      assert.deepEqual((await tell({ seed, rounds: 2, kinds: all })).violations, []);
    });
  }

  it("stays well in other stories, and heals after each of its bad times", async () => {
    let faults = 0;
    for (let seed = FIRST; seed < FIRST + STORIES; seed++) {
      const story = await tell({ seed, rounds: 2, kinds: all });
      const again = `npm run sim -- --seed ${seed} --rounds 2`;
      assert.deepEqual(story.violations, [], again);
      assert.equal(story.healedMs.length, 2, again);
      faults += [...story.faults.values()].reduce((sum, count) => sum + count, 0);
    }
    assert.ok(faults > STORIES * 50, "hardly anything went wrong: then nothing was shown");
  });

  it("finds every rule that it can break where it says", () => {
    for (const { name, file, find } of breaks) {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
      assert.equal(source.split(find).length, 2, `${name} in ${file}`);
    }
  });

  it("tells the same story with the same seed", async () => {
    const wish = { seed: 7, rounds: 2, kinds: all };
    const [once, again] = [await tell(wish), await tell(wish)];
    assert.ok(once.log.length > 50);
    assert.deepEqual(again.log, once.log);
  });

  it("does nothing to a site to which nothing happens", async () => {
    const story = await tell({ seed: 1, rounds: 2, kinds: new Set() });
    assert.deepEqual(story.violations, []);
    assert.equal(story.faults.size, 0);
  });
});
