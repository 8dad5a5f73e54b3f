import { printEffect, sizeAfter } from "./effect.ts";
import type { Verdict } from "./compare.ts";
import { judge, type Latches } from "./evaluate.ts";
import { measure } from "./measure.ts";
import { nearCondition } from "./near.ts";
import { printCondition, printValue } from "./print.ts";
import type { Effect, Step, WhenRule } from "./rules.ts";
import type { Sight } from "./sight.ts";
import type { Fired } from "./state.ts";
import { printFigure, showFigure } from "./unit.ts";
import type { Voice } from "./voice.ts";

/** What a rule of `when` says, what it forbids, and what it has to remember. */
export interface WhenVoice {
  readonly voice: Voice | null;
  readonly veto: { readonly kind: "hold" | "hold_up"; readonly sentence: string } | null;
  readonly fired: Fired | null;
}

/** What it takes to hear a rule. */
export interface Hearing {
  readonly sight: Sight;
  readonly current: number;
  readonly fired: Fired | null;
  readonly latches: Latches;
}

/** After their boot time new machines take this long to change what is measured. */
const settleS = 10;
/** A wish for machines is kept for this long beyond the time they take to be there. */
const keepS = 60;

/** Hears one rule. */
export function hearWhen(rule: WhenRule, hearing: Hearing): WhenVoice {
  return rule.kind === "if" ? hearIf(rule, hearing) : hearSteps(rule, hearing);
}

function hearIf(rule: Extract<WhenRule, { kind: "if" }>, hearing: Hearing): WhenVoice {
  const { effect } = rule;
  const isTrue = judge(rule.if, hearing.sight, hearing.latches);
  const text = printCondition(rule.if);
  if (effect.kind === "hold" || effect.kind === "hold_up") {
    const sentence = `${text}: ${printEffect(effect)}`;
    return {
      voice: null,
      fired: null,
      veto: isTrue === true ? { kind: effect.kind, sentence } : null,
    };
  }
  const near = isTrue === false ? nearCondition(rule.if, hearing.sight, printEffect(effect)) : null;
  const said = { rule: rule.name, text, near };
  // A number that is set has nothing to say while its rule is false.
  const isShrinker = effect.kind === "remove" || (effect.kind === "set" && isTrue === true);
  return say(said, effect, isTrue, isShrinker, hearing);
}

function hearSteps(rule: Extract<WhenRule, { kind: "steps" }>, hearing: Hearing): WhenVoice {
  const { sight } = hearing;
  const value = measure(rule.on, sight, sight.nowS);
  const on = printValue(rule.on);
  const isShrinker = rule.steps.some(({ effect }) => isShrinking(effect));
  const said = { rule: rule.name, text: `${on} is ${showFigure(value, rule.unit)}`, near: null };
  if (!Number.isFinite(value)) return say({ ...said, text: on }, null, null, isShrinker, hearing);
  const step = stepAt(rule.steps, value);
  if (step === null) return say(said, null, false, isShrinker, hearing);
  const { operator, threshold, effect } = step;
  const text = `${said.text}, ${operator} ${printFigure(threshold, rule.unit)}`;
  if (effect.kind === "hold" || effect.kind === "hold_up") {
    const veto = { kind: effect.kind, sentence: `${text}: ${printEffect(effect)}` };
    return { ...say(said, null, false, isShrinker, hearing), veto };
  }
  return say({ ...said, text }, effect, true, isShrinker, hearing);
}

/** The highest `>` step that holds, else the lowest `<` step. */
export function stepAt(steps: readonly Step[], value: number): Step | null {
  const holding = steps.filter(({ operator, threshold }) => {
    if (operator === ">") return value > threshold;
    if (operator === ">=") return value >= threshold;
    return operator === "<" ? value < threshold : value <= threshold;
  });
  const rising = holding.filter(({ operator }) => operator.startsWith(">"));
  const falling = holding.filter(({ operator }) => operator.startsWith("<"));
  const highest = rising.toSorted((a, b) => b.threshold - a.threshold)[0];
  const lowest = falling.toSorted((a, b) => a.threshold - b.threshold)[0];
  return highest ?? lowest ?? null;
}

/** Whether the effect wants more machines than the pool of that size has. */
export function isGrowing(effect: Effect, current: number): boolean {
  return (sizeAfter(effect, current) ?? 0) > current;
}

function isShrinking(effect: Effect): boolean {
  return effect.kind === "remove" || effect.kind === "set";
}

interface Said {
  readonly rule: string;
  readonly text: string;
  readonly near: Voice["near"];
}

/** A rule that is true says its number; one that is not known keeps what there is; one that is false agrees to less. */
function say(
  { rule, text, near }: Said,
  effect: Effect | null,
  isTrue: Verdict,
  isShrinker: boolean,
  hearing: Hearing,
): WhenVoice {
  const { current, sight, fired } = hearing;
  const base = { rule, isShrinker, near };
  const kept = keptWish(fired, sight);
  const wish = kept?.want ?? 0;
  if (isTrue === null) {
    const sentence = `${text} is not known, so nothing is given back`;
    const voice = { ...base, need: Math.max(wish, current), sentence };
    return { voice, veto: null, fired: kept };
  }
  if (isTrue && effect !== null && !isShrinking(effect)) {
    const next = fire(effect, hearing);
    const sentence = `${text}: ${printEffect(effect)}, from ${next.base} to ${next.want}`;
    return { voice: { ...base, need: next.want, sentence }, veto: null, fired: next };
  }
  if (isTrue && effect !== null) {
    const size = sizeAfter(effect, current) ?? current;
    const sentence = `${text}: ${printEffect(effect)}`;
    return { voice: { ...base, need: Math.max(size, wish), sentence }, veto: null, fired: kept };
  }
  // Whoever could give machines back and does not wants to keep them.
  const need = Math.max(wish, isShrinker ? current : 0);
  const sentence =
    wish > 0 && wish >= need ? `${rule} wanted ${wish}, which have to arrive first` : `not ${text}`;
  return { voice: { ...base, need, sentence }, veto: null, fired: kept };
}

/**
 * The same wish for as long as its machines boot, however often it is asked; a step that wants more from the same
 * base may raise it. Then it fires again, from what there is by now.
 */
function fire(effect: Effect, { current, sight, fired }: Hearing): Fired {
  const { nowS, view } = sight;
  const isWaiting = fired !== null && nowS < fired.atS + Math.ceil(view.machine.bootS) + settleS;
  if (!isWaiting) {
    const want = sizeAfter(effect, current) ?? current;
    return { atS: nowS, trueAtS: nowS, base: current, want };
  }
  const want = Math.max(fired.want, sizeAfter(effect, fired.base) ?? 0);
  const atS = want > fired.want ? nowS : fired.atS;
  return { ...fired, atS, want, trueAtS: nowS };
}

function keptWish(fired: Fired | null, { nowS, view }: Sight): Fired | null {
  if (fired === null) return null;
  return nowS < fired.trueAtS + Math.ceil(view.machine.bootS) + keepS ? fired : null;
}
