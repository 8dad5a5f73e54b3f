import { usageError } from "./cli-error.ts";
import { valueOf } from "./command.ts";
import type { Given } from "./command.ts";
import { parseDuration } from "./duration.ts";

/** Long enough for a slow build's first start, short enough to come back before lunch. */
const TIMEOUT_MS_DEFAULT = 600_000;

/** For every command that waits. */
export const timeoutOption = {
  flags: "--timeout <duration>",
  about: "stop waiting after this long, e.g. 90s or 10m; the work goes on (default: 10m)",
} as const;

export function timeoutMs(given: Given): number {
  return durationOf(given, "timeout") ?? TIMEOUT_MS_DEFAULT;
}

/** The option as milliseconds; null when it was not given. */
export function durationOf(given: Given, option: string): number | null {
  const text = valueOf(given, option);
  if (text === null) return null;
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw usageError(`--${option} needs a duration such as 90s, 10m or 2h, got ${text}`);
}

/** The option as a whole number from 1 to the most allowed. */
export function countOf(given: Given, option: string, fallback: number, most: number): number {
  const text = valueOf(given, option);
  if (text === null) return fallback;
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1 && count <= most) return count;
  throw usageError(`--${option} needs a number from 1 to ${most}, got ${text}`);
}
