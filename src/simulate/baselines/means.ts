import type { SimulatedView } from "../policy.ts";

/** A span of seconds that ended a while ago. */
export interface Span {
  readonly lengthS: number;
  readonly ageS: number;
}

/** Share of the slots that were busy; null when the figures are missing. */
export function utilisation(view: SimulatedView, second: number, span: Span): number | null {
  const to = second - span.ageS;
  const busy = view.balancer.busy.mean(to - span.lengthS, to);
  const slots = view.slots.mean(to - span.lengthS, to);
  if (busy === null || slots === null || slots <= 0) return null;
  return Math.min(1, busy / slots);
}
