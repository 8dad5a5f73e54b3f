import { assert } from "../assert.ts";
import type { DecisionView, ScalingPolicy } from "./policy.ts";
import { aimRule, judgeVoices, type Heard } from "./rules/hear.ts";
import { limit } from "./rules/limit.ts";
import { peakOf, withPeak } from "./rules/ledger.ts";
import { createReckoning, type Reason, type Reckoning } from "./rules/reasons.ts";
import type { Rules } from "./rules/rules.ts";
import { afterwards } from "./rules/afterwards.ts";
import { agree } from "./rules/agree.ts";
import { spend } from "./rules/spend.ts";
import { resumed, type DecisionState } from "./rules/state.ts";
import { nearestOf } from "./rules/voice.ts";

/** What was decided for a role: machines are launched, cancelled and drained elsewhere. */
export interface Decision {
  readonly desired: number;
  /** False in shadow mode: it is only written down. */
  readonly isActing: boolean;
  readonly state: DecisionState;
  readonly reasons: readonly Reason[];
  /** The nearest threshold: what would have changed the decision. */
  readonly near: string | null;
  /** By then it may be another one, even if no figure changes. */
  readonly nextS: number;
}

/** A floor of the schedule is launched so much before it is needed, beyond the boot time. */
const tickS = 2;

/**
 * How many machines a role should have. The order is fixed: what all voices need, the largest of it; fewer only when
 * every voice agrees, nothing queues and nothing boots; not so few that a rule would grow at once; what was needed
 * within the hold time; vetoes; the limits of pace; the schedule's ceiling; the bounds; what may be spent.
 */
export function decide(
  policy: ScalingPolicy,
  state: DecisionState,
  view: DecisionView,
  nowS: number,
): Decision {
  const { rules, bounds } = policy;
  assert(bounds.min <= bounds.max, "the minimum is above the maximum");
  const before = resumed(state, nowS);
  const reckoning = createReckoning();
  const current = currentOf(rules, before, view);
  const isAgain = before.asked?.s === nowS && !isNewBeginning(before, current);
  if (isAgain && !asksForMore(policy, before, view, nowS)) {
    return again(policy, before, reckoning);
  }
  if (rules.mode === "off") return stay(policy, before, reckoning, view, nowS);

  const heard = judgeVoices(policy, before, view, {
    nowS,
    current,
    leadS: Math.ceil(view.machine.bootS) + tickS,
  });
  for (const { rule, need, sentence } of heard.voices) reckoning.hear(rule, need, sentence);
  agree(reckoning, { policy, heard, before, view, current, nowS });
  const { holdS } = rules.limits;
  const needed = reckoning.machines();
  const former = isNewBeginning(before, current)
    ? withPeak([], nowS, current, holdS)
    : before.needs;
  const peak = peakOf(former, nowS, holdS);
  reckoning.atLeast("hold", {
    amount: peak,
    sentence: `up to ${peak} were needed in the last ${holdS} s`,
  });
  restrain(reckoning, policy, heard, { before, current, nowS });
  if (isAgain) repeat(reckoning, before);
  spend(reckoning, { rules, bounds, spending: view.spending });

  const desired = reckoning.machines();
  const needs = withPeak(former, nowS, policy.aim === null ? needed : neededByRules(heard), holdS);
  const next = afterwards(
    { ...heard.state, needs },
    { rules, desired, current, nowS, aimed: heard.aimed },
  );
  return {
    desired,
    isActing: rules.mode !== "shadow",
    state: next,
    reasons: reckoning.reasons,
    near: nearestOf(heard.voices.map(({ near }) => near))?.tell() ?? null,
    nextS: nextOf(heard, next, rules, nowS),
  };
}

/** The aim holds its needs itself: held twice, they would last twice as long. */
function neededByRules({ voices }: Heard): number {
  return Math.max(0, ...voices.filter(({ rule }) => rule !== aimRule).map(({ need }) => need));
}

/**
 * Who has no past has seen no need: what there is may well be one. And somebody who set another number by hand has
 * said what is needed now. As many as before the decision are no sign of that: it may not be carried out yet.
 */
function isNewBeginning({ asked }: DecisionState, current: number): boolean {
  if (asked === null) return true;
  return current !== asked.desired && current !== (asked.from ?? asked.desired);
}

/** In shadow mode the pool that would be there: the real one follows somebody else. */
function currentOf({ mode }: Rules, { asked }: DecisionState, { pool }: DecisionView): number {
  return mode === "shadow" && asked !== null ? asked.desired : pool.desired;
}

function restrain(
  reckoning: Reckoning,
  { rules, bounds }: ScalingPolicy,
  heard: Heard,
  time: { readonly before: DecisionState; readonly current: number; readonly nowS: number },
): void {
  const { floor, ceiling } = heard.schedule;
  // What was promised for a time, and the least, may come as fast as it can.
  const promised = Math.max(floor?.machines ?? 0, bounds.min);
  for (const { kind, rule, sentence } of heard.vetoes) {
    reckoning.atMost("veto", { rule, amount: time.current, sentence });
    if (kind === "hold") reckoning.atLeast("veto", { rule, amount: time.current, sentence });
  }
  limit(reckoning, rules, { ...time, promised });
  if (ceiling !== null) {
    const { machines, entry } = ceiling;
    const sentence = `${entry.text}: at most ${machines}`;
    reckoning.atMost("ceiling", { rule: entry.text, amount: machines, sentence });
  }
  const { min, max } = bounds;
  reckoning.atLeast("bounds", { amount: min, sentence: `the site file wants at least ${min}` });
  reckoning.atMost("bounds", { amount: max, sentence: `the site file allows at most ${max}` });
}

/** News of the same second: the aim alone may ask for more, because a crowd at the door waits for no clock. */
function asksForMore(
  { aim, rules }: ScalingPolicy,
  { asked, aim: memory }: DecisionState,
  view: DecisionView,
  nowS: number,
): boolean {
  if (aim === null || rules.mode === "off") return false;
  return aim(memory, view, nowS).need > (asked?.aimed ?? Infinity);
}

/** What was decided in this second may not be carried out yet. */
function repeat(reckoning: Reckoning, { asked }: DecisionState): void {
  const amount = asked?.desired ?? 0;
  reckoning.atLeast("again", { amount, sentence: `${amount} was decided in this second` });
}

/** Whoever asks twice in a second gets the same answer: what was decided may not be carried out yet. */
function again(
  { rules, bounds }: ScalingPolicy,
  state: DecisionState,
  reckoning: Reckoning,
): Decision {
  repeat(reckoning, state);
  const nextS = (state.asked?.s ?? 0) + 1;
  return standing({ rules, bounds, state, reckoning, nextS });
}

function stay(
  { rules, bounds }: ScalingPolicy,
  state: DecisionState,
  reckoning: Reckoning,
  view: DecisionView,
  nowS: number,
): Decision {
  reckoning.hear("mode: off", view.pool.desired, "scaling is off: what there is stays");
  return standing({ rules, bounds, state, reckoning, nextS: nowS + nextMaxS });
}

interface Standing {
  readonly rules: Rules;
  readonly bounds: ScalingPolicy["bounds"];
  readonly state: DecisionState;
  readonly reckoning: Reckoning;
  readonly nextS: number;
}

function standing({ rules, bounds, state, reckoning, nextS }: Standing): Decision {
  const { min, max } = bounds;
  reckoning.atLeast("bounds", { amount: min, sentence: `the site file wants at least ${min}` });
  reckoning.atMost("bounds", { amount: max, sentence: `the site file allows at most ${max}` });
  const { reasons } = reckoning;
  const isActing = rules.mode !== "shadow";
  return { desired: reckoning.machines(), isActing, state, reasons, near: null, nextS };
}

/** No decision stands longer without being looked at. */
const nextMaxS = 60;

function nextOf(heard: Heard, state: DecisionState, { limits }: Rules, nowS: number): number {
  const moments = [
    ...state.needs.map(([at]) => at + limits.holdS),
    (state.grownAtS ?? nowS) + limits.cooldownUpS,
    (state.changedAtS ?? nowS) + limits.cooldownDownS,
    ...(heard.schedule.nextS === null ? [] : [heard.schedule.nextS]),
  ];
  return moments.reduce((next, at) => (at > nowS && at < next ? at : next), nowS + nextMaxS);
}
