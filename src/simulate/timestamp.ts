import { dayOf, isDate } from "../core/calendar.ts";

const isoPattern =
  /^"?(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?(?:Z|\+00:?00)"?$/;
const epochPattern = /^\d{1,10}(?:\.0+)?$/;

/** Whole seconds since the epoch, from ISO-8601 in UTC or from seconds; null for anything else. */
export function parseTimestamp(text: string): number | null {
  if (epochPattern.test(text)) return Number(text);
  const match = isoPattern.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || second === undefined) return null;
  const isThere = year >= 1970 && isDate(year, month, day);
  if (!isThere || hour > 23 || minute > 59 || second > 59) return null;
  return (dayOf(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
}
