import { aimNeed, newMemory } from "./aim/aim.ts";
import type { AimBasis, AimBounds, AimMemory } from "./aim/aim.ts";
import { usualTuning } from "./aim/tuning.ts";
import type { Tuning } from "./aim/tuning.ts";
import type { AimPolicy } from "./policy.ts";
import { unseenS } from "./rules/state.ts";
import type { Near } from "./rules/voice.ts";

/** The aim as one voice among the rules. It knows by itself when machines are better kept, for `holdS` at least. */
export function aimPolicy(
  bounds: AimBounds,
  holdS: number = usualTuning.holdS,
  room: number = usualTuning.margin,
): AimPolicy {
  const tuning = { ...usualTuning, ...roomOf(room), holdS, quietS: holdS };
  return (memory, view, nowS) => {
    const known = (memory ?? fresh) as KeptAim;
    const said = aimNeed(bounds, awake(known, nowS), view, nowS, tuning);
    const { need, basis } = said;
    const margin = basis?.margin ?? known.margin;
    const kept: KeptAim = { ...said.memory, askedS: nowS, margin };
    const reason = sentenceOf(need, basis);
    return { need, isCalm: basis !== null, reason, near: nearOf(need, basis), memory: kept };
  };
}

/** What the aim remembers from one decision to the next. */
export interface KeptAim extends AimMemory {
  /** When it was asked last; null: never. */
  readonly askedS: number | null;
  /** The share of room that it kept beyond the expected load; null: not reckoned yet. */
  readonly margin: number | null;
}

const fresh: KeptAim = { ...newMemory, askedS: null, margin: null };

/** What it holds lasts as long as it would have, had no time passed unseen. What it has learned is as old as it is. */
function awake(memory: KeptAim, nowS: number): AimMemory {
  const { askedS, held, alarm, waitedAt, grewAt } = memory;
  const by = askedS === null ? 0 : unseenS(askedS, nowS);
  if (by === 0) return memory;
  const later = (second: number): number => (second === 0 ? 0 : second + by);
  return {
    ...memory,
    held: held.map(([at, machines]) => [at + by, machines]),
    alarm:
      alarm === null ? null : { ...alarm, raisedAt: alarm.raisedAt + by, until: alarm.until + by },
    waitedAt: later(waitedAt),
    grewAt: later(grewAt),
  };
}

/** A restless site gets as much more room as it would with the usual one. */
function roomOf(room: number): Pick<Tuning, "margin" | "marginMax"> {
  const { margin, marginMax } = usualTuning;
  return { margin: room, marginMax: Math.max(marginMax, marginMax + room - margin) };
}

const whyKept = {
  waited: "requests had to wait a moment ago",
  restless: "what comes jumps all the time, and machines were added lately",
  "small surplus": "it is little more than is needed, and machines were added lately",
} as const;

/** What comes when one machine more is needed. */
function nearOf(need: number, basis: AimBasis | null): Near | null {
  if (basis === null || basis.carries === null || basis.expected >= basis.carries) return null;
  const { carries, expected } = basis;
  const tell = () =>
    `above ${rate(carries)} requests a second the aim would want ${need + 1} machines: ${rate(expected)} are expected`;
  return { distance: carries / Math.max(expected, 1e-3) - 1, tell };
}

function rate(requests: number): string {
  return requests.toFixed(requests < 10 ? 1 : 0);
}

function sentenceOf(need: number, basis: AimBasis | null): string {
  if (basis === null) return "no fresh figures from a balancer";
  const { expected, alarm, kept, needHeld } = basis;
  const load = `${rate(expected)} requests a second are expected`;
  if (kept !== null) return `${load}; ${need} are kept: ${whyKept[kept]}`;
  if (alarm !== null && alarm.machines > needHeld) return `a sudden crowd: ${load}`;
  if (needHeld <= 1) return `${load}: one machine is enough`;
  return `${load}, and up to ${needHeld} machines were needed for them`;
}
