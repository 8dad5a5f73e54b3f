import { assert } from "../assert.ts";
import type { ScalingSettings } from "../desired.ts";
import type { Instant } from "../instant.ts";
import type { LoadSample } from "../observed.ts";

export interface RoleLoad {
  readonly min: number;
  readonly max: number;
  /** Machines wanted so far, within the bounds. */
  readonly target: number;
  /** When the target last changed. */
  readonly targetAt: Instant;
  readonly pin: { readonly machines: number; readonly until: Instant | null } | null;
  /** Oldest first. */
  readonly samples: readonly LoadSample[];
}

export type ScalingDecision =
  | { readonly kind: "hold"; readonly reason: string }
  | { readonly kind: "resize"; readonly machines: number; readonly reason: string };

/** A sample older than this says nothing about now. */
export const FRESH_MS = 5_000;
/** Growing waits for as many samples in a row to agree … */
const AGREE_SAMPLES = 2;
/** … unless the need is this many times the target: a crowd is at the door. */
const SPIKE_FACTOR = 2;
/** Never shrink this soon after somebody had to queue. */
const QUEUE_QUIET_MS = 30_000;
/** Shrinking needs this share of the samples that the window should hold. */
const COVERAGE_MIN = 0.8;
/** After shrinking a machine carries at most this share of what it should: else the next gust grows it again. */
const SHRINK_FILL = 0.8;

/**
 * How many machines a role needs, from the requests in flight and in the queue. Grows at once to what is
 * needed, because late machines lose visitors and early ones cost little; shrinks one at a time, after the
 * need was lower for the whole hold time. Missing samples never shrink.
 */
export function decideScaling(
  settings: ScalingSettings,
  role: RoleLoad,
  now: Instant,
): ScalingDecision {
  assert(role.min <= role.max, "the minimum is above the maximum");
  assert(settings.inFlightPerMachine > 0, "the aim per machine is not positive");
  const pinned = pinnedTo(role, now);
  if (pinned !== null) return pinned;
  if (role.min === role.max) return hold(`the site file wants ${role.min}`);

  const recent = role.samples.filter((sample) => now - sample.at <= FRESH_MS);
  const last = recent.at(-1);
  if (last === undefined) return hold("no fresh figures from a balancer");

  const perMachine = settings.inFlightPerMachine;
  const needNow = needed(last, perMachine);
  const isSpike = needNow >= role.target * SPIKE_FACTOR && needNow - role.target >= 2;
  const agreeing = recent.slice(-AGREE_SAMPLES).map((sample) => needed(sample, perMachine));
  const agreed = agreeing.length < AGREE_SAMPLES ? 0 : Math.min(...agreeing);
  const wanted = Math.min(isSpike ? needNow : agreed, role.max);
  if (wanted > role.target) {
    const load = Math.round(last.inFlight + last.queue);
    return resize(wanted, `${load} requests in flight, ${perMachine} per machine is the aim`);
  }
  if (agreed > role.max)
    return hold(`needs ${agreed}, but the site file allows at most ${role.max}`);
  return decideShrinking(settings, role, now);
}

function decideShrinking(settings: ScalingSettings, role: RoleLoad, now: Instant): ScalingDecision {
  if (role.target <= role.min) return hold(`at its minimum of ${role.min}`);
  const from = now - settings.holdMs;
  if (role.targetAt > from) return hold(`changed less than ${settings.holdMs / 1000} s ago`);
  const window = role.samples.filter((sample) => sample.at > from);
  const expected = settings.holdMs / 1000;
  if (window.length < expected * COVERAGE_MIN) return hold("too few figures to give machines back");
  if (window.some((sample) => sample.queue > 0 && now - sample.at <= QUEUE_QUIET_MS)) {
    return hold("requests had to queue a moment ago");
  }
  const peak = Math.max(...window.map((s) => needed(s, settings.inFlightPerMachine * SHRINK_FILL)));
  if (peak >= role.target) return hold(`up to ${peak} were needed in the last ${expected} s`);
  const reason = `at most ${peak} were needed for ${expected} s`;
  return resize(Math.max(role.target - 1, role.min), reason);
}

function needed(sample: LoadSample, perMachine: number): number {
  return Math.ceil((sample.inFlight + sample.queue) / perMachine);
}

function pinnedTo(role: RoleLoad, now: Instant): ScalingDecision | null {
  const { pin } = role;
  if (pin === null || (pin.until !== null && pin.until <= now)) return null;
  const machines = Math.min(Math.max(pin.machines, role.min), role.max);
  if (machines === role.target) return hold(`pinned to ${machines}`);
  return resize(machines, `pinned to ${machines}`);
}

function hold(reason: string): ScalingDecision {
  return { kind: "hold", reason };
}

function resize(machines: number, reason: string): ScalingDecision {
  return { kind: "resize", machines, reason };
}
