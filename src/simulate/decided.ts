import { monthAt } from "../core/cost/month.ts";
import { decide } from "../core/scaling/decision.ts";
import type { ScalingPolicy, Spending } from "../core/scaling/policy.ts";
import type { DecisionStep } from "../core/scaling/rules/reasons.ts";
import { emptyDecisionState } from "../core/scaling/rules/state.ts";
import type { DecisionView } from "../core/scaling/policy.ts";
import type { Policy, SimulatedView } from "./policy.ts";

/** What a role's scaling would have done: the function that decides for a live site, asked as often. */
export interface Decided extends Policy {
  /** The step that last took away from what was needed, by second; none: nothing did. */
  heldBack(second: number): DecisionStep | null;
}

export interface DecidedWish {
  readonly name: string;
  readonly policy: ScalingPolicy;
  /** Seconds of the window: [startS, startS + lengthS). */
  readonly startS: number;
  readonly lengthS: number;
  /** What a machine costs in an hour; null: not known. */
  readonly machineHour: number | null;
}

/** The aim looks at means, and comes to the same when asked half as often; conditions count seconds. */
const aimTickS = 2;
/** Steps that can leave a role with less than is needed. */
const taking: readonly DecisionStep[] = ["veto", "limit", "ceiling", "bounds", "spend"];

export function createDecided(wish: DecidedWish): Decided {
  const { name, policy, startS, lengthS, machineHour } = wish;
  const isAimAlone = policy.rules.targets.length + policy.rules.when.length === 0;
  const tickS = isAimAlone ? aimTickS : 1;
  // One more than the step's place; 0: none.
  const held = new Uint8Array(lengthS);
  const spent = machineHour === null ? null : createPurse(machineHour);
  let state = emptyDecisionState;
  let seen: DecisionView | null = null;
  return {
    name,
    tickS,
    isBalancerEnough: isAimAlone,
    decide(view, second) {
      seen ??= viewOf(view, () => spent?.now() ?? null);
      spent?.pass(view.pool.desired, second, tickS);
      const decision = decide(policy, state, seen, second);
      state = decision.state;
      const step = decision.reasons.findLast(
        ({ step, before, after }) => after < before && taking.includes(step),
      )?.step;
      if (step !== undefined) {
        const from = second - startS;
        held.fill(taking.indexOf(step) + 1, from, from + tickS);
      }
      return decision.isActing ? decision.desired : null;
    },
    heldBack: (second) => taking[(held[second - startS] ?? 0) - 1] ?? null,
  };
}

function viewOf(view: SimulatedView, spending: () => Spending | null): DecisionView {
  return {
    ...view,
    get spending() {
      return spending();
    },
  };
}

/** What the machines have cost since the month began. */
function createPurse(machineHour: number) {
  let month = monthAt(0);
  let thisMonth = 0;
  return {
    now: (): Spending => ({ machineHour, thisMonth }),
    pass(machines: number, second: number, seconds: number): void {
      const now = second * 1_000;
      if (now < month.from || now >= month.to) [month, thisMonth] = [monthAt(now), 0];
      thisMonth += (machines * machineHour * seconds) / 3_600;
    },
  };
}
