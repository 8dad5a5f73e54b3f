import { localDay, weekdayOf, whenClocksShow, type ZoneOffsets } from "./calendar.ts";

export type { ZoneOffsets } from "./calendar.ts";

/** A floor, a ceiling or both, at times. */
export interface ScheduleEntry {
  /** As it was written. */
  readonly text: string;
  readonly on: Days;
  /** Time of day, in seconds. */
  readonly startS: number;
  /** From the start: to another time of day, or a span of time. */
  readonly lasts:
    | { readonly kind: "until"; readonly endS: number }
    | { readonly kind: "for"; readonly seconds: number };
  readonly zone: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly why: string | null;
}

/** Weekdays count from 0 for Monday; dates are days since 1970-01-01, both ends within. */
export type Days =
  | { readonly kind: "weekdays"; readonly weekdays: readonly number[] }
  | { readonly kind: "dates"; readonly first: number; readonly last: number };

/** No span of the schedule is longer. */
export const spanSecondsMax = 7 * 86_400;
const dayS = 86_400;

export interface Span {
  readonly startS: number;
  readonly endS: number;
}

/** From when to when the entry holds for that day of its zone's calendar; null when it does not begin on that day. */
export function spanOn(entry: ScheduleEntry, zone: ZoneOffsets, day: number): Span | null {
  if (!beginsOn(entry.on, day)) return null;
  const start = whenClocksShow(zone, day * dayS + entry.startS).first;
  if (entry.lasts.kind === "for") return { startS: start, endS: start + entry.lasts.seconds };
  const { endS } = entry.lasts;
  const isNextDay = endS <= entry.startS;
  const end = whenClocksShow(zone, (isNextDay ? day + 1 : day) * dayS + endS).last;
  // Where clocks jump over both, the span keeps its length.
  const nominal = endS - entry.startS + (isNextDay ? dayS : 0);
  return { startS: start, endS: end > start ? end : start + nominal };
}

function beginsOn(on: Days, day: number): boolean {
  return on.kind === "weekdays"
    ? on.weekdays.includes(weekdayOf(day))
    : day >= on.first && day <= on.last;
}

/** What the schedule wants at a moment. */
export interface ScheduleNow {
  readonly floor: { readonly machines: number; readonly entry: ScheduleEntry } | null;
  readonly ceiling: { readonly machines: number; readonly entry: ScheduleEntry } | null;
  /** The next second at which that may change; null: not within a day. */
  readonly nextS: number | null;
}

interface Timetable {
  readonly schedule: readonly ScheduleEntry[];
  readonly zones: Readonly<Record<string, ZoneOffsets>>;
}

/** Floors hold from `leadS` before their start, so that the machines are there when it comes; ceilings from it. */
export function scheduleAt(timetable: Timetable, nowS: number, leadS: number): ScheduleNow {
  let floor: ScheduleNow["floor"] = null;
  let ceiling: ScheduleNow["ceiling"] = null;
  let nextS: number | null = null;
  for (const entry of timetable.schedule) {
    for (const { startS, endS } of spansNear(entry, timetable, nowS)) {
      const { min, max } = entry;
      for (const edge of [startS - leadS, startS, endS]) {
        if (edge > nowS && edge <= nowS + dayS) nextS = Math.min(nextS ?? edge, edge);
      }
      if (nowS >= endS || nowS < startS - leadS) continue;
      if (min !== null && min > (floor?.machines ?? -1)) floor = { machines: min, entry };
      const isLower = max !== null && max < (ceiling?.machines ?? Infinity);
      if (nowS >= startS && isLower) ceiling = { machines: max, entry };
    }
  }
  return { floor, ceiling, nextS };
}

function spansNear(entry: ScheduleEntry, { zones }: Timetable, nowS: number): readonly Span[] {
  const zone = zones[entry.zone];
  if (zone === undefined) return [];
  const today = localDay(zone, nowS);
  const lastsS = entry.lasts.kind === "for" ? entry.lasts.seconds : dayS;
  const spans: Span[] = [];
  // A day of 25 hours, and a lead over midnight.
  for (let day = today - Math.ceil(lastsS / dayS) - 1; day <= today + 2; day += 1) {
    const span = spanOn(entry, zone, day);
    if (span !== null) spans.push(span);
  }
  return spans;
}
