import type { Ledger } from "./ledger.ts";

/** What a decision has to remember of the ones before it: plain JSON of less than 64 KB. */
export interface DecisionState {
  readonly asked: Asked | null;
  /** Needs that no later one exceeds. */
  readonly needs: Ledger;
  readonly ups: Ledger;
  readonly downs: Ledger;
  readonly launches: Ledger;
  readonly grownAtS: number | null;
  readonly changedAtS: number | null;
  /** By name of the rule. */
  readonly fired: Readonly<Record<string, Fired>>;
  /** Comparisons with `until` that are true: `rule/0`. */
  readonly latched: readonly string[];
  /** What the aim remembers. */
  readonly aim: unknown;
}

/** When it was asked last, and what it said. */
export interface Asked {
  readonly s: number;
  readonly desired: number;
  /** Machines wanted before. Left out: as many. */
  readonly from?: number;
  /** What the aim alone wanted, where there is one. */
  readonly aimed?: number;
}

/** A rule that wants more machines keeps its wish until they are there. */
export interface Fired {
  readonly atS: number;
  /** When it was last true. */
  readonly trueAtS: number;
  /** How many there were when it fired, and how many it wants. */
  readonly base: number;
  readonly want: number;
}

/** Of somebody who has never decided. */
export const emptyDecisionState: DecisionState = {
  asked: null,
  needs: [],
  ups: [],
  downs: [],
  launches: [],
  grownAtS: null,
  changedAtS: null,
  fired: {},
  latched: [],
  aim: null,
};

/** Who asks more rarely was away, or its clock has jumped: the time in between counts as one second. */
const awayS = 120;

/**
 * The state as if no time had passed unseen. A clock that jumps an hour would else end every hold at once, or make it
 * last an hour longer.
 */
export function resumed(state: DecisionState, nowS: number): DecisionState {
  if (state.asked === null) return state;
  const by = unseenS(state.asked.s, nowS);
  if (by === 0) return state;
  const moved = (ledger: Ledger): Ledger => ledger.map(([at, amount]) => [at + by, amount]);
  const later = (second: number | null): number | null => (second === null ? null : second + by);
  const fired = Object.entries(state.fired).map(([name, { atS, trueAtS, ...rest }]) => [
    name,
    { atS: atS + by, trueAtS: trueAtS + by, ...rest },
  ]);
  return {
    ...state,
    asked: { ...state.asked, s: state.asked.s + by },
    needs: moved(state.needs),
    ups: moved(state.ups),
    downs: moved(state.downs),
    launches: moved(state.launches),
    grownAtS: later(state.grownAtS),
    changedAtS: later(state.changedAtS),
    fired: Object.fromEntries(fired) as DecisionState["fired"],
  };
}

/** The seconds that passed unseen since somebody was asked; negative where the clock was set back. */
export function unseenS(askedS: number, nowS: number): number {
  const passed = nowS - askedS;
  return passed >= 0 && passed <= awayS ? 0 : passed - 1;
}
