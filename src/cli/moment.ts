/** A time as people read it in tables, in UTC. */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** `2026-06-11T20:00:00Z`. */
export function isoOf(second: number): string {
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}Z`;
}
