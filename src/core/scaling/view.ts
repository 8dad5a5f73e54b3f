import type { Seconds } from "./seconds.ts";

/** What a decision about one role looks at. Seconds are whole numbers since the epoch. */
export interface RoleView {
  readonly pool: PoolView;
  readonly machine: MachineView;
  readonly balancer: BalancerSeconds;
  /** By name: `cpu`, `memory`, the user's own. */
  readonly metrics: ReadonlyMap<string, Seconds>;
  /** Response times of the last while; null where no balancer measures them. */
  readonly responses: Responses | null;
  /** Null until the site has a history. */
  readonly earlier: Earlier | null;
}

export interface PoolView {
  /** Machines that serve. */
  readonly ready: number;
  /** Launched, and not there yet. */
  readonly booting: number;
  /** Machines wanted so far, within the bounds. */
  readonly desired: number;
}

export interface MachineView {
  /** Requests a machine works on at the same time. */
  readonly slots: number;
  /** From the launch to the first answer, as nine of ten are. */
  readonly bootS: number;
}

/** What the balancers say, added up, once a second. */
export interface BalancerSeconds {
  /** Requests that came in this second. */
  readonly arrivals: Seconds;
  /** Requests that were answered in this second. */
  readonly completions: Seconds;
  /** Requests that servers worked on, the mean over this second. */
  readonly busy: Seconds;
  /** Requests that waited for a server. */
  readonly queue: Seconds;
}

export interface Responses {
  /** Seconds in which the share `p` (0–1) of the answers of [from, to) was given, and how many there were. */
  quantile(
    p: number,
    from: number,
    to: number,
  ): { readonly seconds: number; readonly answers: number } | null;
}

/** What came on earlier days. */
export interface Earlier {
  /** Mean arrivals a second over the five minutes that begin at `second`, a multiple of 300; null: not known. */
  rate(second: number): number | null;
}
