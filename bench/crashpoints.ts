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
/** A step that a story takes only sometimes is waited for in this many of them. */
const TRIES = 3;

/** The steps of a story that were seen, and how often each has been tried; those that killed are `done`. */
interface Tally {
  readonly open: Map<string, number>;
  readonly done: Set<string>;
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
    storyNames.map((name) => [name, { open: new Map([[NOWHERE, 0]]), done: new Set() }]),
  );
  const found = { orphans: 0, duplicates: 0, lost: 0 };
  let stories = 0;
  while (performance.now() < end && [...tallies.values()].some(({ open }) => open.size > 0)) {
    // One story makes what the next one needs.
    for (const [name, tally] of tallies) {
      if (isOver(tallies, name)) continue;
      stories += 1;
      const step = [...tally.open.keys()][0] ?? NOWHERE;
      const { hasDied, steps } = await tellStory(site, name, step, `v${stories + 1}`);
      note(tally, { step, hasDied, steps });
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
    unmet: [...tallies].flatMap(([name, { open }]) => [...open.keys()].map((s) => `${name}: ${s}`)),
    ...found,
  };
}

/** Launch and scale-in take turns until both have met all their steps. */
function isOver(tallies: ReadonlyMap<StoryName, Tally>, name: StoryName): boolean {
  const names = name === "deploy" ? [name] : storyNames.filter((other) => other !== "deploy");
  return names.every((other) => tallies.get(other)?.open.size === 0);
}

function note(
  { open, done }: Tally,
  told: { readonly step: string; readonly hasDied: boolean; readonly steps: readonly string[] },
): void {
  const tries = (open.get(told.step) ?? 0) + 1;
  open.delete(told.step);
  if (told.hasDied) done.add(told.step);
  else if (told.step !== NOWHERE && tries < TRIES) open.set(told.step, tries);
  for (const step of told.steps) if (!done.has(step) && !open.has(step)) open.set(step, 0);
}
