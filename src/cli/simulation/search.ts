import type { ScalingSettings } from "../../core/desired.ts";
import type { Arrivals } from "../../simulate/arrivals.ts";
import {
  fastest,
  isSame,
  keeping,
  knobsOf,
  savingMin,
  settingOf,
  withSetting,
} from "../../simulate/settings.ts";
import type { Setting, Tried } from "../../simulate/settings.ts";
import type { Outcome, TrialWish } from "../../simulate/trial.ts";
import type { Bounds } from "./contest.ts";
import type { Crew } from "./crew.ts";
import type { Machine } from "./machines.ts";

export interface SearchWish {
  readonly crew: Crew;
  readonly settings: ScalingSettings;
  readonly bounds: Bounds;
  readonly machine: Machine;
  /** The same traffic, each with other noise: the first is searched on, all of them are checked on. */
  readonly arrivals: readonly Arrivals[];
  readonly shareMax: number;
  /** No new setting is tried after so long. */
  readonly budgetMs: number;
  /** After each run. */
  readonly onDone: () => void;
}

/** What was found. */
export interface Search {
  readonly present: Checked;
  /** The cheapest that keeps the aim whatever the noise; null: none does. */
  readonly best: Checked | null;
  /** The least slow one; what is told where none keeps the aim. */
  readonly fastest: Checked;
  readonly tried: number;
  /** It ended before everything was tried. */
  readonly isCutShort: boolean;
}

/** A setting on all noises: the worst of them counts for the aim, their mean for the cost. */
export interface Checked extends Tried {
  readonly outcome: Outcome;
}

/** Who was the cheapest with the luck of one noise may be none of all. */
const checkedMax = 3;
/** Each knob is turned again where another was turned since. */
const roundsMax = 3;

/** Tries settings around the present one, on the fluid engine: one knob after the other, from the best so far. */
export async function search(wish: SearchWish): Promise<Search> {
  const { settings, bounds, machine, shareMax } = wish;
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt > wish.budgetMs;
  const present = settingOf(settings, bounds.min);
  const [first] = wish.arrivals;
  if (first === undefined) throw new Error("there is nothing to search on");
  const tried: Checked[] = [...(await run(wish, [present], [first]))];
  let isCutShort = false;
  for (let round = 0, turned = true; round < roundsMax && turned; round += 1) {
    turned = false;
    for (const knob of knobsOf(present, machine.slots, bounds.max)) {
      const best = bestOf(tried, shareMax).setting;
      const isNew = (setting: Setting): boolean =>
        !tried.some((one) => isSame(one.setting, setting));
      const wanted = unique(knob(best)).filter(isNew);
      const got = await run(wish, wanted, [first], isOver);
      isCutShort ||= got.length < wanted.length;
      tried.push(...got);
      turned ||= !isSame(bestOf(tried, shareMax).setting, best);
    }
  }
  return { ...(await checked(wish, tried, present)), tried: tried.length, isCutShort };
}

/** The cheapest that keeps the aim; while none does, the least slow. */
function bestOf(tried: readonly Checked[], shareMax: number): Checked {
  const [best] = [...keeping(tried, shareMax), ...fastest(tried)];
  if (best === undefined) throw new Error("nothing was tried");
  return best;
}

function unique(settings: readonly Setting[]): readonly Setting[] {
  return settings.filter((one, at) => settings.findIndex((other) => isSame(one, other)) === at);
}

/** The few that may be proposed, on all noises. */
async function checked(
  wish: SearchWish,
  tried: readonly Checked[],
  present: Setting,
): Promise<Pick<Search, "present" | "best" | "fastest">> {
  const { shareMax } = wish;
  const isPresent = ({ setting }: Tried): boolean => isSame(setting, present);
  const kept = keeping(tried, shareMax).filter((one) => !isPresent(one));
  const wanted = kept.slice(0, checkedMax);
  const [least] = fastest(tried);
  if (least === undefined) throw new Error("nothing was tried");
  const now = tried.find(isPresent) ?? least;
  const all = unique(
    [now, ...wanted, ...(wanted.length === 0 ? [least] : [])].map((one) => one.setting),
  );
  const others = await run(wish, all, wish.arrivals.slice(1));
  const worst = others.map((other, at): Checked => {
    const one = tried.find(({ setting }) => isSame(setting, other.setting)) ?? other;
    const n = wish.arrivals.length;
    const hours = (one.machineHours + other.machineHours * (n - 1)) / n;
    return {
      ...one,
      slow: Math.max(one.slow, other.slow),
      machineHours: hours,
      setting: all[at] ?? one.setting,
    };
  });
  const presently = worst.find(isPresent) ?? now;
  const best = cheapest(keeping(worst, shareMax), presently);
  return { present: presently, best, fastest: fastest(worst)[0] ?? least };
}

/** The present one where nothing saves enough. */
function cheapest(kept: readonly Checked[], present: Checked): Checked | null {
  const [best] = kept;
  if (best === undefined) return null;
  const isPresentKept = kept.includes(present);
  const isWorthIt = best.machineHours < present.machineHours * (1 - savingMin);
  return isPresentKept && !isWorthIt ? present : best;
}

/** Each setting on each noise: the worst of them counts for the aim, their mean for the cost. */
async function run(
  wish: SearchWish,
  settings: readonly Setting[],
  noises: readonly Arrivals[],
  isOver: () => boolean = () => false,
): Promise<readonly Checked[]> {
  const trials = settings.flatMap((setting) =>
    noises.map((noise) => trialOf(wish, setting, noise)),
  );
  const outcomes = await wish.crew.runUntil(isOver, trials, wish.onDone);
  return settings.flatMap((setting, at) => {
    const own = outcomes
      .slice(at * noises.length, (at + 1) * noises.length)
      .filter((outcome) => outcome !== null);
    const [outcome] = own;
    if (outcome === undefined) return [];
    const slow = Math.max(...own.map((one) => one.slow));
    const hours = own.reduce((sum, { machineHours }) => sum + machineHours, 0) / own.length;
    return [{ setting, slow, machineHours: hours, outcome }];
  });
}

function trialOf(wish: SearchWish, setting: Setting, arrivals: Arrivals): TrialWish {
  const { bounds, machine } = wish;
  const model = { ...machine, min: setting.min, max: bounds.max };
  return {
    scenario: { arrivals, model, seed: 5, startMachines: null },
    contender: { kind: "rules", name: "tried", settings: withSetting(wish.settings, setting) },
    isExact: false,
    machineHour: null,
  };
}
