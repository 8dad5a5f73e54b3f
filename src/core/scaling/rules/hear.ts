import type { AimPolicy, DecisionView, ScalingPolicy } from "../policy.ts";
import type { Latches } from "./evaluate.ts";
import { knownMetrics } from "./metric.ts";
import { scheduleAt, type ScheduleNow } from "./schedule.ts";
import { takeSight, type Sight } from "./sight.ts";
import type { DecisionState, Fired } from "./state.ts";
import { hearTarget } from "./target-voice.ts";
import type { Voice } from "./voice.ts";
import { hearWhen } from "./when-voice.ts";

/** What everybody says. */
export interface Heard {
  readonly voices: readonly Voice[];
  readonly vetoes: readonly Veto[];
  readonly schedule: ScheduleNow;
  readonly sight: Sight;
  readonly latches: Latches;
  /** What the aim alone wants; null: there is none. */
  readonly aimed: number | null;
  /** With what the voices have to remember. */
  readonly state: DecisionState;
}

export interface Veto {
  readonly rule: string;
  readonly kind: "hold" | "hold_up";
  readonly sentence: string;
}

interface Moment {
  readonly nowS: number;
  /** Machines wanted so far. */
  readonly current: number;
  /** How long before it is needed a machine is launched. */
  readonly leadS: number;
}

/** The name of the aim's voice. */
export const aimRule = "aim";

/** Hears the aim, the targets, the rules and the schedule. */
export function judgeVoices(
  { rules, aim }: ScalingPolicy,
  state: DecisionState,
  view: DecisionView,
  { nowS, current, leadS }: Moment,
): Heard {
  const sight = takeSight(view, knownMetrics(rules.metrics), nowS, rules.olderS);
  const aimed = aim?.(state.aim, view, nowS) ?? null;
  const voices: Voice[] = aimed === null ? [] : [aimVoice(aimed, current)];
  for (const target of rules.targets) voices.push(hearTarget(target, sight, current));

  const vetoes: Veto[] = [];
  const fired: [string, Fired][] = [];
  const latched: string[] = [];
  for (const rule of rules.when) {
    const latches = latchesOf(rule.name, state, latched);
    const former = state.fired[rule.name] ?? null;
    const heard = hearWhen(rule, { sight, current, fired: former, latches });
    if (heard.voice !== null) voices.push(heard.voice);
    if (heard.veto !== null) vetoes.push({ rule: rule.name, ...heard.veto });
    if (heard.fired !== null) fired.push([rule.name, heard.fired]);
  }
  const schedule = scheduleAt(rules, nowS, leadS);
  const { floor } = schedule;
  if (floor !== null) voices.push(floorVoice(floor.entry.text, floor.machines));
  const memory = { fired: Object.fromEntries(fired), latched, aim: aimed?.memory ?? state.aim };
  const latches = { isOn: () => false, set: () => undefined };
  const said = { aimed: aimed?.need ?? null, state: { ...state, ...memory } };
  return { voices, vetoes, schedule, sight, latches, ...said };
}

function aimVoice(aimed: ReturnType<AimPolicy>, current: number): Voice {
  const isRight = Number.isFinite(aimed.need) && aimed.need >= 0;
  const wanted = isRight ? Math.ceil(aimed.need) : current;
  const need = aimed.isCalm && isRight ? wanted : Math.max(wanted, current);
  return {
    rule: aimRule,
    need,
    isShrinker: true,
    sentence: aimed.reason,
    near: aimed.near ?? null,
  };
}

function floorVoice(text: string, machines: number): Voice {
  const sentence = `${text}: at least ${machines}`;
  return { rule: text, need: machines, isShrinker: false, sentence, near: null };
}

/** What was on is on until it is set; what is set now is written down. */
function latchesOf(rule: string, state: DecisionState, latched: string[]): Latches {
  const former = state.latched.filter((name) => name.startsWith(`${rule}/`));
  latched.push(...former);
  return {
    isOn: ({ id }) => former.includes(`${rule}/${id}`),
    set({ id }, isOn) {
      const name = `${rule}/${id}`;
      const at = latched.indexOf(name);
      if (isOn && at === -1) latched.push(name);
      if (!isOn && at !== -1) latched.splice(at, 1);
    },
  };
}
