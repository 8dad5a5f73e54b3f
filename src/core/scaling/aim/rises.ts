import type { Moment } from "./crowd.ts";
import { isWild } from "./crowd.ts";
import type { Tuning } from "./tuning.ts";

/** How far this site's rises go. */
export interface Rises {
  /** The one that is under way. */
  readonly current: Rise | null;
  /** How many times more came than when it was noticed, in the last rises; oldest first. */
  readonly heights: readonly number[];
}

/** From what came when it was noticed to the most that came while machines started; requests a second. */
export interface Rise {
  readonly from: number;
  readonly top: number;
  readonly until: number;
}

const kept = 40;
const overshootMin = 1.5;
const rateMin = 1e-3;

export function followRises(rises: Rises, isCrowd: boolean, moment: Moment): Rises {
  const { now, level, leadS, tuning } = moment;
  // A clock that was set back makes nothing last longer.
  const until = now + leadS + tuning.settleS;
  let { current, heights } = rises;
  if (current !== null) {
    const top = Math.max(current.top, level.last10);
    current = { ...current, top, until: Math.min(current.until, until) };
    if (now > current.until) {
      heights = [...heights, current.top / current.from].slice(-kept);
      current = null;
    }
  }
  if (current === null && isCrowd) {
    current = { from: Math.max(level.last6, rateMin), top: level.last10, until };
  }
  return { current, heights };
}

/** For so many times what comes machines are launched at a rise. */
export function overshootFor({ heights }: Rises, moment: Moment): number {
  const { tuning, leadS } = moment;
  const most = mostOf(heights, tuning);
  const wild = tuning.wildOvershoot + leadS / tuning.wildLeadS;
  return isWild(moment) ? Math.min(most, wild) : most;
}

/** As far as most of the rises went that this site has seen; a new site has seen some of the usual height. */
function mostOf(heights: readonly number[], tuning: Tuning): number {
  const priors = Array.from({ length: tuning.overshootPriors }, () => tuning.overshoot);
  const seen = [...heights, ...priors].sort((a, b) => a - b);
  const index = Math.min(seen.length - 1, Math.floor(tuning.overshootShare * seen.length));
  return Math.min(tuning.overshootMax, Math.max(overshootMin, seen[index] ?? tuning.overshoot));
}
