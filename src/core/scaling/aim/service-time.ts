import type { RoleView } from "../view.ts";

/** Learned anew once a minute … */
const everyS = 60;
/** … from the last five, … */
const windowS = 300;
/** … which count a fifth. */
const share = 0.2;
const requestsMin = 200;
/** A jam and machines that are still cold make answers slow: no reason to believe that they stay so. */
const growthMax = 1.15;
/** The usual time follows what is seen within hours. */
const usualShare = 0.01;

export interface ServiceTime {
  /** Seconds a machine works on a request; null: not known yet. */
  readonly seconds: number | null;
  readonly usual: number | null;
  readonly learnedAt: number;
}

/** Little's law: those at work = those that come in a second × the seconds each takes. */
export function learnServiceTime(known: ServiceTime, view: RoleView, now: number): ServiceTime {
  if (known.seconds !== null && now - known.learnedAt < everyS && now >= known.learnedAt)
    return known;
  const { busy, completions } = view.balancer;
  const windows = known.seconds === null ? [windowS, everyS, 10, 3] : [windowS];
  for (const window of windows) {
    const done = completions.mean(now - window, now);
    const atWork = busy.mean(now - window, now);
    if (done === null || atWork === null || atWork <= 0) continue;
    if (done * window < (known.seconds === null ? 1 : requestsMin)) continue;
    const seen = atWork / done;
    if (known.seconds === null || known.usual === null) {
      return { seconds: seen, usual: seen, learnedAt: now };
    }
    const usual = known.usual + usualShare * (seen - known.usual);
    const believed = Math.min(seen, usual * growthMax);
    return { seconds: known.seconds + share * (believed - known.seconds), usual, learnedAt: now };
  }
  return known;
}
