import * as fc from "fast-check";
import { faultKinds } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { tell } from "./simulation.ts";
import type { Story, StoryWish } from "./simulation.ts";

/** How many smaller stories are tried: each takes as long as a story does. */
const TRIES_MAX = 200;

/** The same seed with as few kinds of faults and rounds as still fail, and how. */
export async function shrink(failing: StoryWish): Promise<StoryWish & Story> {
  let smallest: StoryWish & Story = { ...failing, ...(await tell(failing)) };
  let tries = 0;
  const isWell = async (kinds: readonly FaultKind[], rounds: number): Promise<boolean> => {
    tries += 1;
    if (tries > TRIES_MAX) return true;
    const wish = { seed: failing.seed, rounds, kinds: new Set(kinds) };
    const story = await tell(wish);
    if (story.violations.length === 0) return true;
    smallest = { ...wish, ...story };
    return false;
  };
  const kinds = fc.subarray([...faultKinds]);
  const rounds = fc.integer({ min: 1, max: failing.rounds });
  await fc.check(fc.asyncProperty(kinds, rounds, isWell), {
    numRuns: 1,
    examples: [[[...failing.kinds], failing.rounds]],
  });
  return smallest;
}
