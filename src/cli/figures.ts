/** `12,431`: the same on every machine, whatever its locale. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** One decimal while it is small: `0.4`, `12`, `1,204`. */
export function formatRate(value: number): string {
  return value > 0 && value < 9.95 ? value.toFixed(1) : formatCount(value);
}

/** Milliseconds of a request; a dash without requests. */
export function formatLatency(ms: number | null): string {
  return ms === null ? "-" : `${ms < 9.95 && ms > 0 ? ms.toFixed(1) : formatCount(ms)}ms`;
}

/** Share of one core. */
export function formatShare(share: number | null): string {
  return share === null ? "-" : `${Math.round(share * 100)}%`;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `47 MiB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return "-";
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  const shown = at > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${shown} ${units[at] ?? "B"}`;
}

/** `1 machine`, `3 machines`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A release by its first letters, as git shows commits; both of `a → b`. */
export function shortRelease(release: string | null): string {
  if (release === null) return "-";
  return release.replace(/\b[0-9a-f]{8,64}\b/g, (id) => id.slice(0, 7));
}
