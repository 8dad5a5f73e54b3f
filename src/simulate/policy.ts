import type { Seconds } from "../core/scaling/seconds.ts";
import type { RoleView } from "../core/scaling/view.ts";
import type { Model } from "./model.ts";

/** Says how many machines a role should have. It has a memory: every run takes a new one. */
export interface Policy {
  readonly name: string;
  /** It is asked every so many seconds. */
  readonly tickS: number;
  /** It looks at nothing but what the balancer counts: the rest need not be written down, which takes a third of the time. */
  readonly isBalancerEnough?: boolean;
  /** Sees the seconds before `second`. Null: as it is. */
  decide(view: SimulatedView, second: number): number | null;
}

/** What others' autoscalers look at in addition. */
export interface SimulatedView extends RoleView {
  /** Machines that served in each second. */
  readonly ready: Seconds;
  /** Requests that they could work on at the same time. */
  readonly slots: Seconds;
  /** What their operators measured and wrote into the settings. */
  readonly model: Model;
}
