/** After a decision, this many times as long goes to everything else: news of a thousand machines must not fill a core. */
const REST_PER_DECISION = 8;
/** Whatever it costs, news waits no longer than this for the next decision. */
const REST_MS_MAX = 40;

/** How long to leave the site alone after a decision that took so long. Small sites: not at all. */
export function restMs(decisionMs: number): number {
  return Math.min(REST_PER_DECISION * Math.max(0, decisionMs), REST_MS_MAX);
}
