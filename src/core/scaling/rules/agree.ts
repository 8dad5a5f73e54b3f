import type { DecisionView, ScalingPolicy } from "../policy.ts";
import { steadySize } from "./flap.ts";
import type { Heard } from "./hear.ts";
import type { Reckoning } from "./reasons.ts";
import type { DecisionState } from "./state.ts";

/** Nothing is given back so soon after somebody had to queue. */
const queueQuietS = 30;
/** Machines that have not come after so many boot times and this are not waited for. */
const bootTimes = 2;
const bootSpareS = 60;

export interface Shrinking {
  readonly policy: ScalingPolicy;
  readonly heard: Heard;
  readonly before: DecisionState;
  readonly view: DecisionView;
  readonly current: number;
  readonly nowS: number;
}

/** Keeps what there is, unless it may be given back; and what a rule would ask back at once. */
export function agree(reckoning: Reckoning, shrinking: Shrinking): void {
  const { current, policy, heard } = shrinking;
  if (reckoning.machines() >= current) return;
  const objection = objectionTo(shrinking);
  if (objection !== null) {
    reckoning.atLeast("agree", { amount: current, sentence: objection });
    return;
  }
  const { sight, latches } = heard;
  const { rules } = policy;
  const steady = steadySize(reckoning.machines(), { rules, sight, latches, current });
  const { size, rule } = steady;
  if (rule === null) return;
  const sentence = `with fewer than ${size}, ${rule} would ask for more at once`;
  reckoning.atLeast("flap", { rule, amount: size, sentence });
}

function objectionTo({ heard, before, view, nowS, policy }: Shrinking): string | null {
  const { voices, schedule } = heard;
  const isOnlyFloor = voices.every(({ rule }) => rule === schedule.floor?.entry.text);
  if (!isOnlyFloor && !voices.some(({ isShrinker }) => isShrinker)) {
    return "no rule gives machines back";
  }
  if (policy.rules.mode === "up-only") return "mode is up-only";
  const wasQueue = queueOf(view, nowS);
  if (wasQueue === true) return "requests had to queue a moment ago";
  if (wasQueue === null) return "whether requests queue is not known";
  const waitS = view.machine.bootS * bootTimes + bootSpareS;
  const isAwaited = before.grownAtS !== null && nowS < before.grownAtS + waitS;
  if (view.pool.booting > 0 && isAwaited)
    return `${view.pool.booting} machines have to arrive first`;
  return null;
}

/** Whether somebody queued; a role whose queue nobody has ever told has none. */
function queueOf({ balancer }: DecisionView, nowS: number): boolean | null {
  const { queue } = balancer;
  if (queue.end === null) return false;
  let seen = 0;
  for (let at = nowS - queueQuietS; at < nowS; at += 1) {
    const waiting = queue.at(at);
    if (waiting === null) continue;
    if (waiting > 0) return true;
    seen += 1;
  }
  return seen === 0 ? null : false;
}
