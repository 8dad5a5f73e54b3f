import { written } from "./ledger.ts";
import type { Rules } from "./rules.ts";
import type { DecisionState } from "./state.ts";

/** What was decided. */
export interface Decided {
  readonly rules: Rules;
  readonly desired: number;
  readonly current: number;
  readonly nowS: number;
  readonly aimed: number | null;
}

/** The state with the decision written down. What was decided before and is not carried out yet counts once. */
export function afterwards(state: DecisionState, decided: Decided): DecisionState {
  const { rules, desired, current, nowS, aimed } = decided;
  const { up, down, launches } = rules.limits;
  const ups = Math.max(0, desired - Math.max(current, state.asked?.desired ?? 0));
  const downs = Math.max(0, Math.min(current, state.asked?.desired ?? Infinity) - desired);
  const paceS = Math.max(up?.seconds ?? 0, down?.seconds ?? 0);
  return {
    ...state,
    asked: { s: nowS, desired, from: current, ...(aimed === null ? {} : { aimed }) },
    ups: written(state.ups, nowS, ups, paceS),
    downs: written(state.downs, nowS, downs, paceS),
    launches: written(state.launches, nowS, ups, launches?.seconds ?? 0),
    grownAtS: ups > 0 ? nowS : state.grownAtS,
    changedAtS: ups > 0 || downs > 0 ? nowS : state.changedAtS,
  };
}
