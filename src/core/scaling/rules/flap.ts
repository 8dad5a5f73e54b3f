import { judge, type Latches } from "./evaluate.ts";
import { measure } from "./measure.ts";
import type { Rules, WhenRule } from "./rules.ts";
import type { Sight } from "./sight.ts";
import { isGrowing, stepAt } from "./when-voice.ts";

/** What it takes to see what fewer machines would bring. */
export interface Outlook {
  readonly rules: Rules;
  readonly sight: Sight;
  readonly latches: Latches;
  readonly current: number;
}

/**
 * The fewest machines from `wanted` on with which no rule would ask for more at once: figures of single machines are
 * taken to grow as their number falls. Azure's autoscale looks before it scales in as well.
 */
export function steadySize(
  wanted: number,
  outlook: Outlook,
): { size: number; rule: string | null } {
  let rule = ruleThatWouldGrow(wanted, outlook);
  if (rule === null) return { size: wanted, rule };
  let low = wanted;
  let high = outlook.current;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const growing = ruleThatWouldGrow(middle, outlook);
    if (growing === null) high = middle;
    else {
      low = middle;
      rule = growing;
    }
  }
  return { size: high, rule };
}

function ruleThatWouldGrow(
  size: number,
  { rules, sight, latches, current }: Outlook,
): string | null {
  const factor = Math.max(sight.view.pool.ready, 1) / Math.max(size, 1);
  // The very figures of now are looked at when the number stays.
  const outlook = { ...sight, factor: factor === 1 ? 1 + Number.EPSILON : factor };
  const rule = rules.when.find((rule) => wouldGrow(rule, outlook, latches, current));
  return rule?.name ?? null;
}

function wouldGrow(rule: WhenRule, sight: Sight, latches: Latches, current: number): boolean {
  if (rule.kind === "if") {
    return isGrowing(rule.effect, current) && judge(rule.if, sight, latches) !== false;
  }
  if (!rule.steps.some(({ effect }) => isGrowing(effect, current))) return false;
  const value = measure(rule.on, sight, sight.nowS);
  if (!Number.isFinite(value)) return true;
  const step = stepAt(rule.steps, value);
  return step !== null && isGrowing(step.effect, current);
}
