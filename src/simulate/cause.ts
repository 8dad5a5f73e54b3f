import type { DecisionStep } from "../core/scaling/rules/reasons.ts";
import type { FiveMinutes } from "./arrivals.ts";
import { bucketS } from "./history.ts";
import type { Model } from "./model.ts";
import type { BadMinute, Result } from "./result.ts";

/**
 * Why a minute was bad. `boot_bound`: what was needed was asked for at once, and was not there yet. `capped_by_max`,
 * `spend_cap`: more was not allowed. `rule_too_slow`: more was not asked for, or late. `forecast_missed`: earlier days
 * let expect much less. `chance`: there were machines enough.
 */
export type CauseKind =
  | "boot_bound"
  | "capped_by_max"
  | "rule_too_slow"
  | "forecast_missed"
  | "spend_cap"
  | "chance";

export interface Cause {
  readonly kind: CauseKind;
  readonly sentence: string;
}

/** What is known of a run, to judge its minutes by. */
export interface Trial {
  readonly result: Result;
  readonly model: Model;
  readonly past: FiveMinutes;
  /** Whether the policy looks at earlier days. */
  readonly isForecasting: boolean;
  readonly heldBack: (second: number) => DecisionStep | null;
}

/** Above this share of their time machines make people wait. */
const fullShare = 0.9;
/** Who asks for more within this time has asked at once. */
const promptS = 15;
/** What began longer ago is another shortage. */
const backMaxS = 900;
const minuteS = 60;
/** A queue of before is still worked off. */
const beforeS = 30;
const dayS = 86_400;
/** Of what came: less on an earlier day means that it knew nothing of it. */
const foreseenShare = 0.7;

export function causeOf(minute: BadMinute, trial: Trial): Cause {
  const { result, model } = trial;
  const from = minute.startS - result.startS;
  const at = shortestSecond(trial, Math.max(0, from - beforeS), from + minuteS);
  const ready = result.ready[at] ?? 0;
  if (!isShort(trial, at, ready)) return chanceOrCold(trial, from);
  const enough = machinesFor(result.demand[at] ?? 0);
  const wanted = result.desired[at] ?? 0;
  const needed = counted(enough);
  if (wanted < enough && wanted >= model.max)
    return {
      kind: "capped_by_max",
      sentence: `it took ${needed}, at most ${model.max} are allowed`,
    };
  const step = trial.heldBack(at + result.startS);
  if (wanted < enough && step === "spend")
    return { kind: "spend_cap", sentence: `it took ${needed}, ${wanted} may be paid for` };
  if (wanted < enough && step !== null)
    return {
      kind: "rule_too_slow",
      sentence: `it took ${needed}, ${wanted} were wanted: ${told(step)}`,
    };
  const lateS = wanted < enough ? null : waitedFor(trial, at, enough);
  const { sinceS } = shortage(trial, at);
  if (lateS === null && at - sinceS > promptS)
    return { kind: "rule_too_slow", sentence: `it took ${needed}, ${wanted} were wanted` };
  if (lateS !== null && lateS > promptS)
    return {
      kind: "rule_too_slow",
      sentence: `it took ${needed}, which were wanted ${lateS} s later`,
    };
  const expected = trial.isForecasting ? expectedAt(trial, at) : null;
  const came = result.demand[at] ?? 0;
  if (expected !== null && expected < came * foreseenShare) {
    const sentence = `it took ${needed}, the day before at that time ${machinesFor(expected)}`;
    return { kind: "forecast_missed", sentence };
  }
  const sentence = `it took ${needed}, ${ready} served: a new one takes ${model.bootS} s`;
  return { kind: "boot_bound", sentence };
}

function machinesFor(demand: number): number {
  return Math.max(1, Math.ceil(demand / fullShare));
}

function isShort({ result }: Trial, index: number, machines: number): boolean {
  return (result.demand[index] ?? 0) > machines * fullShare;
}

function shortestSecond({ result }: Trial, from: number, to: number): number {
  let worst = from;
  const lack = (index: number): number =>
    (result.demand[index] ?? 0) / Math.max(0.5, result.ready[index] ?? 0);
  for (let i = from; i < Math.min(to, result.demand.length); i += 1) {
    if (lack(i) > lack(worst)) worst = i;
  }
  return worst;
}

/** Since when there were too few, with pauses as short as what counts as prompt. */
function shortage(trial: Trial, at: number): { readonly sinceS: number } {
  let since = at;
  for (let i = at; i >= Math.max(0, at - backMaxS) && since - i <= promptS; i -= 1) {
    if (isShort(trial, i, trial.result.desired[i] ?? 0)) since = i;
  }
  return { sinceS: since };
}

/** How long after the first second that needed so many they were asked for. */
function waitedFor(trial: Trial, at: number, enough: number): number {
  const { demand, desired } = trial.result;
  let asked = at;
  while (asked > Math.max(0, at - backMaxS) && (desired[asked - 1] ?? 0) >= enough) asked -= 1;
  let needed = asked;
  for (let i = asked; i >= Math.max(0, asked - backMaxS) && needed - i <= promptS; i -= 1) {
    if ((demand[i] ?? 0) > (desired[i] ?? 0) * fullShare) needed = i;
  }
  return asked - needed;
}

function chanceOrCold({ result, model }: Trial, from: number): Cause {
  const end = Math.min(result.ready.length, from + minuteS);
  const first = Math.max(1, from - model.coldS);
  for (let i = first; i < end; i += 1) {
    if ((result.ready[i] ?? 0) <= (result.ready[i - 1] ?? 0)) continue;
    const sentence = "machines that had just come were slow at first";
    return { kind: "boot_bound", sentence };
  }
  return {
    kind: "chance",
    sentence: "there were machines enough: some answers take long by themselves",
  };
}

/** Machines' worth of what came at the same time the day before, ten minutes around it; null: not known. */
function expectedAt({ result, model, past }: Trial, at: number): number | null {
  const before = at - dayS;
  const reachS = 2 * bucketS;
  if (before >= 0) {
    const around = result.demand.subarray(Math.max(0, before - reachS), before + reachS);
    return around.reduce((most, demand) => Math.max(most, demand), 0);
  }
  const bucket = Math.floor((result.startS + before - past.startS) / bucketS);
  const rates = [bucket - 1, bucket, bucket + 1].flatMap((i) => past.rates[i] ?? []);
  if (rates.length === 0) return null;
  return (Math.max(...rates) * model.serviceS) / model.slots;
}

function told(step: DecisionStep): string {
  if (step === "limit") return "no faster by limits";
  if (step === "veto") return "a rule forbids more";
  return step === "ceiling" ? "the schedule allows no more" : "the bounds allow no more";
}

function counted(machines: number): string {
  return `${machines} ${machines === 1 ? "machine" : "machines"}`;
}
