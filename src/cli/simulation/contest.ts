import type { ScalingSettings } from "../../core/desired.ts";
import type { Arrivals } from "../../simulate/arrivals.ts";
import type { Scenario } from "../../simulate/model.ts";
import { rivalNames } from "../../simulate/rivals.ts";
import type { Contender, TrialWish } from "../../simulate/trial.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatCount } from "../figures.ts";
import { createRunProgress } from "./run-progress.ts";
import type { Machine, Price } from "./machines.ts";
import type { Crew } from "./crew.ts";
import type { Line } from "./report.ts";
import type { RuleSet } from "./rule-sets.ts";

/** How many machines there may be. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface ContestWish {
  readonly sets: readonly (RuleSet & { readonly machines: Bounds })[];
  readonly arrivals: Arrivals;
  readonly machine: Machine;
  readonly isExact: boolean;
  readonly isAgainstAll: boolean;
  readonly price: Price | null;
}

/** Requests that are followed one by one take their time. */
const exactRequestsMax = 100_000_000;
const seed = 5;

/** All trials of a comparison, ours first; those that take longest come before the rest. */
export function trialsOf(wish: ContestWish): readonly TrialWish[] {
  const { sets, arrivals, isExact, price } = wish;
  if (isExact) refuseTooMany(arrivals);
  const trial = (contender: Contender, { min, max }: Bounds): TrialWish => {
    const scenario: Scenario = {
      arrivals,
      model: { ...wish.machine, min, max },
      seed,
      startMachines: null,
    };
    return { scenario, contender, isExact, machineHour: price?.machineHour ?? null };
  };
  const ours = sets.map(({ name, settings, machines }) =>
    trial({ kind: "rules", name, settings: acting(settings) }, machines),
  );
  if (!wish.isAgainstAll) return ours;
  const others: readonly Contender[] = [
    { kind: "static_peak" },
    { kind: "clairvoyant" },
    ...rivalNames.map((name): Contender => ({ kind: "rival", name })),
  ];
  const bounds = widest(sets.map(({ machines }) => machines));
  return [...ours, ...others.map((contender) => trial(contender, bounds))];
}

/** Who only writes down, or is switched off, is tried as if it acted. */
function acting(settings: ScalingSettings): ScalingSettings {
  const { rules = null } = settings;
  if (rules === null || rules.mode === "on" || rules.mode === "up-only") return settings;
  return { ...settings, rules: { ...rules, mode: "on" } };
}

/** Others may have what any of ours may have. */
export function widest(bounds: readonly Bounds[]): Bounds {
  return {
    min: Math.min(...bounds.map(({ min }) => min)),
    max: Math.max(...bounds.map(({ max }) => max)),
  };
}

/** Runs them; says on a terminal how far it is. */
export async function runContest(
  { parts }: Context,
  crew: Crew,
  trials: readonly TrialWish[],
): Promise<readonly Line[]> {
  const progress = createRunProgress(parts.stderr, trials.length);
  try {
    const outcomes = await crew.run(trials, progress.step);
    return trials.flatMap(({ contender }, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined) return [];
      const name = nameOf(contender, outcome.machinesMax);
      return { name, isOurs: contender.kind === "rules", outcome };
    });
  } finally {
    progress.end();
  }
}

function nameOf(contender: Contender, machinesMax: number): string {
  if (contender.kind === "static_peak") return `static peak (${machinesMax})`;
  return contender.kind === "clairvoyant" ? "clairvoyant" : contender.name;
}

function refuseTooMany({ rates }: Arrivals): void {
  const requests = rates.reduce((sum, rate) => sum + rate, 0);
  if (requests <= exactRequestsMax) return;
  const most = formatCount(exactRequestsMax);
  throw usageError(
    `--exact follows each request, and ${formatCount(requests)} are too many, at most ${most}: say --from and --to, or leave --exact out`,
  );
}

/** A role without bounds gets three times the machines that the busiest second needs. */
export function boundsFor(arrivals: Arrivals, { serviceS, slots }: Machine): Bounds {
  const most = arrivals.rates.reduce((most, rate) => Math.max(most, rate), 0);
  return { min: 2, max: Math.min(10_000, Math.max(10, Math.ceil((3 * most * serviceS) / slots))) };
}

/** `1..10`. */
export function parseBounds(text: string | null): Bounds | null {
  if (text === null) return null;
  const match = /^(\d{1,5})(?:\.\.(\d{1,5}))?$/.exec(text);
  const min = Number(match?.[1]);
  const max = Number(match?.[2] ?? match?.[1]);
  if (min <= max && max >= 1 && max <= 10_000) return { min, max };
  throw new CliError(`--machines needs a range such as 1..10, got ${text}`, {
    code: "usage",
    exit: exitCodes.usage,
  });
}
