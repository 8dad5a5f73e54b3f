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

/** Who has not seen five minutes yet believes what there is, and looks again soon. */
const youngWindowsS = [120, 60, 30, 10, 3];
const youngEveryS = 2;
const youngRequestsMin = 4;
const youngGrowthMax = 1.5;

export interface ServiceTime {
  /** Seconds a machine works on a request; null: not known yet. */
  readonly seconds: number | null;
  /** What it has been for hours. */
  readonly usual: number | null;
  readonly learnedAt: number;
  /** Whether five minutes were seen. */
  readonly isGrown: boolean;
}

/** Little's law: those at work = those that come in a second × the seconds each takes. */
export function learnServiceTime(known: ServiceTime, view: RoleView, now: number): ServiceTime {
  const restS = known.isGrown ? everyS : youngEveryS;
  if (known.seconds !== null && now - known.learnedAt < restS && now >= known.learnedAt)
    return known;
  const seen = seenIn(view, windowS, requestsMin, now);
  if (seen === null && known.isGrown) return known;
  if (seen === null || !known.isGrown || known.usual === null)
    return learnYoung(known, view, now, seen);
  const usual = known.usual + usualShare * (seen - known.usual);
  const before = known.seconds ?? seen;
  const believed = Math.min(seen, usual * growthMax);
  return { seconds: before + share * (believed - before), usual, learnedAt: now, isGrown: true };
}

function learnYoung(
  known: ServiceTime,
  view: RoleView,
  now: number,
  whole: number | null,
): ServiceTime {
  let seen = whole;
  for (const window of youngWindowsS) seen ??= seenIn(view, window, youngRequestsMin, now);
  if (seen === null) return known;
  const seconds = Math.min(seen, (known.seconds ?? seen) * youngGrowthMax);
  return { seconds, usual: seconds, learnedAt: now, isGrown: whole !== null };
}

function seenIn(
  { balancer: { busy, completions } }: RoleView,
  window: number,
  requests: number,
  now: number,
): number | null {
  const done = completions.mean(now - window, now);
  const atWork = busy.mean(now - window, now);
  if (done === null || atWork === null || atWork <= 0 || done * window < requests) return null;
  return atWork / done;
}
