import { dayOf, isDate } from "../../calendar.ts";
import type { Parsed } from "./cursor.ts";
import { spanSecondsMax, type Days, type ScheduleEntry } from "./schedule.ts";

/** When an entry holds, without its floor and ceiling. */
export type ScheduleTime = Pick<ScheduleEntry, "on" | "startS" | "lasts" | "zone">;

/** Reads `Mon-Fri 08:00-18:00 Europe/Zurich`, `2026-06-11 20:30 for 3h UTC`, `daily 22:00-06:00 UTC`. */
export function parseScheduleTime(text: string): Parsed<ScheduleTime> {
  const words = [...text.matchAll(/[^\s]+/g)].map((match) => ({
    text: match[0],
    column: match.index + 1,
  }));
  const wrong = (at: number, expected: string): Parsed<never> => {
    const found = words[at]?.text;
    const column = words[at]?.column ?? text.length + 1;
    const shown = found === undefined ? "the end" : JSON.stringify(found.slice(0, 40));
    return { isRight: false, column, message: `expected ${expected}, found ${shown}`, hint: "" };
  };
  const on = readDays(words[0]?.text ?? "");
  if (on === null) return wrong(0, "days such as Mon-Fri, Sat,Sun, daily or 2026-06-11");
  const times = timesForm.exec(words[1]?.text ?? "");
  const startS = secondsOf(times?.[1], times?.[2]);
  if (times === null || startS === null || startS >= dayS)
    return wrong(1, "a time of day such as 08:00-18:00 or 20:30");
  const isSpan = times[3] === undefined;
  if (isSpan && words[2]?.text !== "for") return wrong(2, "for and a duration such as 3h");
  const spanS = isSpan ? spanSeconds(words[3]?.text ?? "") : null;
  if (isSpan && spanS === null) return wrong(3, "a duration such as 3h, at most 7d");
  const endS = secondsOf(times[3], times[4]);
  if (!isSpan && endS === null) return wrong(1, "a time of day such as 08:00-18:00 or 20:30");
  const lasts =
    spanS === null
      ? ({ kind: "until", endS: endS ?? 0 } as const)
      : ({ kind: "for", seconds: spanS } as const);
  const zoneAt = isSpan ? 4 : 2;
  const zone = words[zoneAt]?.text ?? "";
  if (!zoneForm.test(zone)) return wrong(zoneAt, "a time zone such as Europe/Zurich or UTC");
  if (words.length > zoneAt + 1) return wrong(zoneAt + 1, "the end");
  return { isRight: true, value: { on, startS, lasts, zone } };
}

const dayS = 86_400;
const timesForm = /^(\d{2}):(\d{2})(?:-(\d{2}):(\d{2}))?$/;
const zoneForm = /^[A-Za-z][A-Za-z0-9_+-]{0,31}(?:\/[A-Za-z0-9_+-]{1,31}){0,2}$/;
const dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function readDays(text: string): Days | null {
  if (text === "daily") return { kind: "weekdays", weekdays: [0, 1, 2, 3, 4, 5, 6] };
  const dates = /^(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?$/.exec(text);
  if (dates !== null) {
    const first = dateOf(dates[1] ?? "");
    const last = dateOf(dates[2] ?? dates[1] ?? "");
    if (first === null || last === null || last < first) return null;
    return { kind: "dates", first, last };
  }
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const [from = "", to = from, ...more] = part.split("-");
    const first = dayNames.indexOf(from);
    const last = dayNames.indexOf(to);
    if (first === -1 || last === -1 || more.length > 0) return null;
    // Fri-Mon goes over the weekend.
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return { kind: "weekdays", weekdays: [...days].toSorted((a, b) => a - b) };
}

function dateOf(text: string): number | null {
  const [year = 0, month = 0, day = 0] = text.split("-").map(Number);
  return isDate(year, month, day) ? dayOf(year, month, day) : null;
}

/** `24:00` is the end of a day. */
function secondsOf(hours: string | undefined, minutes: string | undefined): number | null {
  const seconds = Number(hours) * 3_600 + Number(minutes) * 60;
  return Number(minutes) < 60 && seconds <= dayS ? seconds : null;
}

function spanSeconds(text: string): number | null {
  const match = /^(\d{1,4})([smhd])$/.exec(text);
  if (match === null) return null;
  const unit = { s: 1, m: 60, h: 3_600, d: dayS }[match[2] ?? ""] ?? Number.NaN;
  const seconds = Number(match[1]) * unit;
  return seconds >= 1 && seconds <= spanSecondsMax ? seconds : null;
}
