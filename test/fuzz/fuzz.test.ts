import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FuzzInput } from "./input.ts";
import { fuzzInput } from "./fuzz.ts";
import { fuzzInputs } from "./inputs.ts";
import { runInput } from "./run-input.ts";

/** As many of each as a test may take; `npm run fuzz` runs a hundred thousand. */
const cases = 500;
const unwatched = { begin: () => undefined, end: () => undefined };
/** Always the same ones: what has been right stays right. `npm run fuzz` tries others each time. */
const seed = 1;

describe("hostile input", { concurrency: 2 }, () => {
  for (const { name } of fuzzInputs) {
    it(`breaks nothing: ${name}`, async () => {
      const result = await fuzzInput(name, { seed, cases, from: 0 });
      const said = result.crashes.map(
        (crash) => `seed ${seed}, case ${crash.case}: ${crash.message}`,
      );
      assert.deepEqual(said, []);
      assert.equal(result.cases, cases);
    });
  }
});

describe("the fuzzer", () => {
  const plan = { seed: 1, cases: 50, from: 0 };
  const inputThat = (run: (step: number) => void): FuzzInput => {
    let step = 0;
    return { name: "test", open: async () => ({ run: () => run(step++) }) };
  };

  it("tells a crash with its case, and the same one once", async () => {
    const input = inputThat((step) => assert.notEqual(step % 10, 7));
    const { crashes, cases } = await runInput(input, plan, unwatched);
    assert.deepEqual([crashes.length, crashes[0]?.case, cases], [1, 7, 50]);
  });

  it("tells a leak", async () => {
    const kept: number[][] = [];
    const input = inputThat(() => void kept.push(Array.from({ length: 300_000 }, (_, at) => at)));
    const { crashes } = await runInput(input, plan, unwatched);
    assert.match(crashes[0]?.message ?? "", /^the heap has grown by \d+ MB in 50 cases$/);
    assert.equal(kept.length, 50);
  });

  it("tells an input that nobody knows, and one that ends its thread", async () => {
    const { crashes } = await fuzzInput("nobody", plan);
    assert.match(crashes[0]?.message ?? "", /no input is named nobody/);
  });
});
