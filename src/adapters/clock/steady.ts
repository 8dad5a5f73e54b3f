import type { Instant } from "../../core/instant.ts";

/** How fast a wrong clock is brought right: at a tenth of the time that passes. */
const SLEW = 0.1;

/**
 * The time of day without its jumps. When somebody sets the system's clock, a silence of a minute would have
 * begun and ended in one moment; so the step is taken as a slow drift. Never goes back, never stands still
 * while time passes.
 *
 * @param wallMs the system's clock, which may be set
 * @param elapsedMs a clock that is never set
 */
export function createSteadyClock(wallMs: () => Instant, elapsedMs: () => number): () => Instant {
  let now = wallMs();
  let lookedAtMs = elapsedMs();
  return () => {
    const passedMs = Math.max(0, elapsedMs() - lookedAtMs);
    lookedAtMs += passedMs;
    const errorMs = wallMs() - (now + passedMs);
    const slewMs = Math.max(-SLEW * passedMs, Math.min(SLEW * passedMs, errorMs));
    now += passedMs + slewMs;
    return Math.round(now);
  };
}
