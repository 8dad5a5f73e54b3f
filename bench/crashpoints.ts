/** The controller is killed -9 at every step of a launch, a deploy and a scale-in, under load: what is left of it? */
import { crashSiteFile, leftoversOf, NOWHERE } from "../test/harness/crash-stories.ts";
import { storyNames, tellStory } from "../test/harness/crash-stories.ts";
import type { Leftovers, StoryName } from "../test/harness/crash-stories.ts";
import type { LoadProcess } from "../test/harness/load-process.ts";
import { createTestSite } from "../test/harness/site.ts";
import type { TestSite } from "../test/harness/site.ts";
import { count, machine } from "./report.ts";
import { isAllServing, startCrowd } from "./site.ts";

const TIME_MS_MAX = Number(process.env["MINUTES"] ?? 9) * 60_000;
/** Only the steps whose names one of these is part of; none: all. */
const STEPS = (process.env["STEPS"] ?? "").split(",").filter((part) => part !== "");
/** A step that a story takes only sometimes is waited for in this many of them. */
const TRIES = 3;

/** The steps of a story that were seen, and how often each has been tried; those that killed are `done`, those that never came again `givenUp`. */
interface Tally {
  readonly open: Map<string, number>;
  readonly done: Set<string>;
  readonly givenUp: Set<string>;
}

export async function run(): Promise<object> {
  const site = await createTestSite(crashSiteFile);
  try {
    await site.startController();
    await site.apply();
    await site.until(isAllServing, "the site is up", 60_000);
    const load = startCrowd(site, { keepAlive: 6, fresh: 2, post: 2, long: 2 }, 400);
    const told = await tellAll(site, load);
    return { bench: "crashpoints", ...told, ...count(await load.stop()), ...machine() };
  } finally {
    await site.dispose();
  }
}

async function tellAll(site: TestSite, load: LoadProcess): Promise<object> {
  const end = performance.now() + TIME_MS_MAX;
  const tallies = new Map<StoryName, Tally>(
    storyNames.map((name) => [
      name,
      { open: new Map([[NOWHERE, 0]]), done: new Set(), givenUp: new Set() },
    ]),
  );
  const found = { orphans: 0, duplicates: 0, lost: 0 };
  let stories = 0;
  while (performance.now() < end && [...tallies.values()].some(({ open }) => open.size > 0)) {
    // In turn, since one story makes what the next one begins with.
    for (const [name, tally] of tallies) {
      if (tally.open.size === 0) continue;
      stories += 1;
      const step = [...tally.open.keys()][0] ?? NOWHERE;
      const { hasDied, steps } = await tellStory(site, name, step, `v${stories + 1}`);
      note(name, tally, { step, hasDied, steps });
      const left = await leftoversOf(site);
      for (const kind of Object.keys(found) as (keyof Leftovers)[])
        found[kind] += left[kind].length;
      const { failed, requests } = count(await load.tell());
      if (step === NOWHERE) process.stderr.write(`${steps.join("; ")}\n`);
      const words = `${name}, ${hasDied ? "died" : "not"} ${step}`;
      process.stderr.write(`${words}: ${failed} of ${requests}, ${JSON.stringify(left)}\n`);
    }
  }
  const all = [...tallies].map(([name, { done }]) => [name, done.size] as const);
  return {
    points: all.reduce((sum, [, points]) => sum + points, 0),
    pointsOf: Object.fromEntries(all),
    stories,
    // Steps that were seen once and did not come again in time.
    unmet: [...tallies].flatMap(([name, { open, givenUp }]) =>
      [...open.keys(), ...givenUp].map((step) => `${name}: ${step}`),
    ),
    ...found,
  };
}

function note(
  name: StoryName,
  { open, done, givenUp }: Tally,
  told: { readonly step: string; readonly hasDied: boolean; readonly steps: readonly string[] },
): void {
  const tries = (open.get(told.step) ?? 0) + 1;
  open.delete(told.step);
  if (told.hasDied) done.add(told.step);
  else if (told.step !== NOWHERE) {
    if (tries < TRIES) open.set(told.step, tries);
    else givenUp.add(told.step);
  }
  // Those who die leave accidents behind, such as agents that are revived: they are no steps of the story.
  if (told.step !== NOWHERE) return;
  for (const step of told.steps) {
    const isWanted = STEPS.length === 0 || STEPS.some((part) => `${name}: ${step}`.includes(part));
    if (isWanted && ![done, open, givenUp].some((met) => met.has(step))) open.set(step, 0);
  }
}
