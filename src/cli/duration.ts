const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const msMax = 365 * 86_400_000;

/** `500ms`, `90s`, `10m`, `1h30m`, `2d` in milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  if (!/^(\d{1,9}(\.\d{1,3})?(ms|s|m|h|d))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (unitMs[unit] ?? 0);
  }
  return totalMs > 0 && totalMs <= msMax ? Math.round(totalMs) : null;
}

/** As long as people want to read: `0.3 s`, `42 s`, `7 m`, `3 h`, `12 d`. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 9_950) return `${(whole / 1_000).toFixed(1)} s`;
  if (whole < 120_000) return `${Math.round(whole / 1_000)} s`;
  if (whole < 2 * 3_600_000) return `${Math.round(whole / 60_000)} m`;
  if (whole < 48 * 3_600_000) return `${Math.round(whole / 3_600_000)} h`;
  return `${Math.round(whole / 86_400_000)} d`;
}
