import type { Outcome } from "./jobs.ts";
import { margins } from "./policies.ts";

/** A policy over all windows; in each the median of the seeds counts. */
export interface Line {
  readonly policy: string;
  /** Geometric means: slow or failed requests in percent, and cost in units of the clairvoyant. */
  readonly slowPercent: number;
  readonly cost: number;
  readonly worstPercent: number;
  readonly worstWindow: string;
  readonly directionChangesPerDay: number;
  readonly windows: readonly WindowFigure[];
}

export interface WindowFigure {
  readonly window: string;
  readonly slowPercent: number;
  readonly cost: number;
}

/** A share of nothing has no logarithm. */
const leastPercent = 1e-4;

export function summarize(outcomes: readonly Outcome[]): readonly Line[] {
  const policies = [...new Set(outcomes.map(({ policy }) => policy))];
  const windows = [...new Set(outcomes.map(({ window }) => window))];
  return policies.map((policy) => {
    const figures = windows.map((window) => figureOf(outcomes, policy, window));
    const worst = figures.toSorted((a, b) => b.slowPercent - a.slowPercent)[0];
    const own = outcomes.filter((outcome) => outcome.policy === policy);
    return {
      policy,
      slowPercent: geometricMean(figures.map((figure) => figure.slowPercent)),
      cost: geometricMean(figures.map((figure) => figure.cost)),
      worstPercent: worst?.slowPercent ?? Number.NaN,
      worstWindow: worst?.window ?? "",
      directionChangesPerDay: mean(own.map((outcome) => outcome.directionChangesPerDay)),
      windows: figures,
    };
  });
}

function figureOf(outcomes: readonly Outcome[], policy: string, window: string): WindowFigure {
  const own = outcomes.filter((o) => o.window === window && o.policy === policy);
  const bestOf = (seed: number): number =>
    outcomes.find((o) => o.window === window && o.seed === seed && o.policy === "clairvoyant")
      ?.machineHours ?? Number.NaN;
  return {
    window,
    slowPercent: median(own.map((o) => o.bad)) * 100,
    cost: median(own.map((o) => o.machineHours / bestOf(o.seed))),
  };
}

export interface Comparison {
  /** How many times fewer requests are slow when ours costs the same, over the windows where it can. */
  readonly fewerSlowAtEqualCost: number | null;
  /** What ours costs when as many are slow, as a share of the rival's cost. */
  readonly costAtEqualSlow: number | null;
}

/** Ours with another margin in each window, so that it costs, or serves, what the rival does. */
export function compare(lines: readonly Line[], rival: string): Comparison {
  const sweeps = margins.map((margin) => lines.find((line) => line.policy === `ours:${margin}`));
  const fewer: number[] = [];
  const costs: number[] = [];
  for (const theirs of lines.find((line) => line.policy === rival)?.windows ?? []) {
    const points = sweeps.flatMap(
      (line) => line?.windows.filter(({ window }) => window === theirs.window) ?? [],
    );
    const slow = crossing(points, theirs.cost, { from: "cost", to: "slowPercent" });
    if (slow !== null) fewer.push(atLeast(theirs.slowPercent) / slow);
    const cost = crossing(points, theirs.slowPercent, { from: "slowPercent", to: "cost" });
    if (cost !== null) costs.push(cost / theirs.cost);
  }
  return {
    fewerSlowAtEqualCost: fewer.length === 0 ? null : geometricMean(fewer),
    costAtEqualSlow: costs.length === 0 ? null : geometricMean(costs),
  };
}

interface Axes {
  readonly from: "cost" | "slowPercent";
  readonly to: "cost" | "slowPercent";
}

/** The least `to` of the points, and of the lines between neighbours, that stays within `limit`; null when none does. */
function crossing(points: readonly WindowFigure[], limit: number, axes: Axes): number | null {
  const sorted = points.toSorted((a, b) => a[axes.from] - b[axes.from]);
  let least: number | null = null;
  const offer = (value: number): void => {
    least = Math.min(least ?? value, value);
  };
  for (const [i, point] of sorted.entries()) {
    const [x, y] = [point[axes.from], atLeast(point[axes.to])];
    if (x <= limit) {
      offer(y);
      continue;
    }
    const before = sorted[i - 1];
    if (before === undefined || before[axes.from] > limit) break;
    const share = (limit - before[axes.from]) / (x - before[axes.from]);
    offer(atLeast(before[axes.to]) ** (1 - share) * y ** share);
    break;
  }
  return least;
}

function atLeast(percent: number): number {
  return Math.max(leastPercent, percent);
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map((value) => Math.log(atLeast(value)))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
