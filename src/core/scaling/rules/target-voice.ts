import { measure } from "./measure.ts";
import type { Target } from "./rules.ts";
import type { Sight } from "./sight.ts";
import { printFigure, showFigure } from "./unit.ts";
import type { Voice } from "./voice.ts";

/**
 * As the Horizontal Pod Autoscaler reckons: so many times more machines as the value is above its target, and none
 * when it is near enough. Machines that boot count as idle when it grows and as fully used when it shrinks; what that
 * turns round changes nothing.
 */
export function hearTarget(target: Target, sight: Sight, current: number): Voice {
  const { name, unit } = target;
  const { ready, booting } = sight.view.pool;
  const value = measure(target.value, sight, sight.nowS);
  const base = { rule: name, isShrinker: true };
  const aim = printFigure(target.target, unit);
  if (ready === 0 || !Number.isFinite(value)) {
    const sentence = `${name} is not known, so nothing is given back`;
    return { ...base, need: current, sentence, near: null };
  }
  const ratio = value / target.target;
  const needed = Math.ceil(ready * ratio - roundingSlack);
  const need = needFor(ratio, { needed, booting, current, tolerance: target.tolerance });
  const sentence = `${name} is ${showFigure(value, unit)}, its target ${aim}`;
  return { ...base, need, sentence, near: nearOf(target, value, ready, current) };
}

/** 3 machines at 1.0000000001 of their target are 3. */
const roundingSlack = 1e-9;

interface Reckoned {
  readonly needed: number;
  readonly booting: number;
  readonly current: number;
  readonly tolerance: number;
}

function needFor(ratio: number, { needed, booting, current, tolerance }: Reckoned): number {
  if (ratio > 1 + tolerance) return Math.max(needed, current);
  if (ratio >= 1 - tolerance) return current;
  return Math.min(needed + booting, current);
}

function nearOf(target: Target, value: number, ready: number, current: number): Voice["near"] {
  const growing = target.target * Math.max(1 + target.tolerance, current / ready);
  if (value > growing) return null;
  const tell = (): string => {
    const above = showFigure(growing, target.unit);
    return `${target.name} above ${above} would want more: it is ${showFigure(value, target.unit)}`;
  };
  return { distance: (growing - value) / growing, tell };
}
