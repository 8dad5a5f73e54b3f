import { unreachable } from "../../assert.ts";
import { coverageMin } from "../seconds.ts";
import { compare, type Verdict } from "./compare.ts";
import type { Comparison, Condition, Until } from "./expression.ts";
import { measure } from "./measure.ts";
import type { Sight } from "./sight.ts";

/** Memory of `until`: which comparisons are true until something else is. */
export interface Latches {
  readonly isOn: (until: Until) => boolean;
  readonly set: (until: Until, isOn: boolean) => void;
}

/** Whether the condition holds now. */
export function judge(condition: Condition, sight: Sight, latches: Latches): Verdict {
  return judgeAt(condition, sight, latches, sight.nowS);
}

function judgeAt(condition: Condition, sight: Sight, latches: Latches, end: number): Verdict {
  switch (condition.kind) {
    case "compare":
      return judgeComparison(condition, sight, latches, end);
    case "all":
      return judgeAll(condition.items, sight, latches, end);
    case "any": {
      const isNone = judgeNone(condition.items, sight, latches, end);
      return isNone === null ? null : !isNone;
    }
    case "not": {
      const isTrue = judgeAt(condition.of, sight, latches, end);
      return isTrue === null ? null : !isTrue;
    }
    case "for":
      // What would be with fewer machines has no past.
      if (sight.factor !== 1) return judgeAt(condition.of, sight, latches, end);
      return judgeWindow(condition, sight, latches, end);
    default:
      return unreachable(condition);
  }
}

function judgeAll(
  items: readonly Condition[],
  sight: Sight,
  latches: Latches,
  end: number,
): Verdict {
  let verdict: Verdict = true;
  // All of them are looked at, since each keeps its own memory.
  for (const item of items) {
    const isTrue = judgeAt(item, sight, latches, end);
    if (isTrue === false) verdict = false;
    else if (isTrue === null && verdict === true) verdict = null;
  }
  return verdict;
}

function judgeNone(
  items: readonly Condition[],
  sight: Sight,
  latches: Latches,
  end: number,
): Verdict {
  let verdict: Verdict = true;
  for (const item of items) {
    const isTrue = judgeAt(item, sight, latches, end);
    if (isTrue === true) verdict = false;
    else if (isTrue === null && verdict === true) verdict = null;
  }
  return verdict;
}

/** In each second of the window that has figures, and enough of them have. One that is false ends the search. */
function judgeWindow(
  { of, seconds }: Extract<Condition, { kind: "for" }>,
  sight: Sight,
  latches: Latches,
  end: number,
): Verdict {
  const { olderS } = sight;
  let seen = 0;
  for (let back = 0; back < seconds; back += 1) {
    const isTrue = judgeAt(
      of,
      sight,
      end === sight.nowS && back === 0 ? latches : frozen(latches),
      end - back,
    );
    if (isTrue === false) return false;
    if (isTrue === true) seen += 1;
    else if (seen === 0 && back >= olderS) return null;
  }
  return seen >= seconds * coverageMin ? true : null;
}

/** The past changes no memory. */
function frozen({ isOn }: Latches): Latches {
  return { isOn, set: () => undefined };
}

function judgeComparison(
  { left, operator, right, until }: Comparison,
  sight: Sight,
  latches: Latches,
  end: number,
): Verdict {
  const value = measure(left, sight, end);
  const isTrue = compare(value, operator, measure(right, sight, end));
  if (until === null) return isTrue;
  const isOver = compare(value, until.operator, measure(until.right, sight, end));
  if (isTrue === null || isOver === null) return null;
  const isOn = isTrue || (latches.isOn(until) && !isOver);
  if (sight.factor === 1) latches.set(until, isOn);
  return isOn;
}
