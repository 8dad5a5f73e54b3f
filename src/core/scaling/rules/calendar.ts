/** Days and times of the calendar in arithmetic alone: core knows no clock and no time zones of the machine. */

const dayS = 86_400;

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
export function dayOf(year: number, month: number, day: number): number {
  // Years begin in March, so that the leap day is their last one.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

/** Whether there is such a date. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const next = month === 12 ? dayOf(year + 1, 1, 1) : dayOf(year, month + 1, 1);
  return dayOf(year, month, day) < next;
}

/** 0 for Monday. */
export function weekdayOf(day: number): number {
  // 1970-01-01 was a Thursday.
  return (((day + 3) % 7) + 7) % 7;
}

/** What a zone's clocks show, as seconds ahead of UTC. */
export interface ZoneOffsets {
  /** Before the first change. */
  readonly firstS: number;
  /** Oldest first: from the second `atS` on, they are `offsetS` ahead. */
  readonly changes: readonly { readonly atS: number; readonly offsetS: number }[];
}

/** How far ahead of UTC the zone is at that second. */
export function offsetAt({ firstS, changes }: ZoneOffsets, second: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.atS ?? Infinity) <= second) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1]?.offsetS ?? firstS;
}

/** The day that the zone's calendars show at that second. */
export function localDay(zone: ZoneOffsets, second: number): number {
  return Math.floor((second + offsetAt(zone, second)) / dayS);
}

/**
 * When the zone's clocks show that time, in seconds of their own since 1970. A time that comes twice is taken at its
 * first or last coming. One that is left out is null, with the moment at which the clocks jump over it.
 */
export function whenClocksShow(
  zone: ZoneOffsets,
  local: number,
): { readonly first: number; readonly last: number; readonly isLeftOut: boolean } {
  // No zone is further from UTC, so no other offset can matter.
  const early = offsetAt(zone, local - dayS);
  const late = offsetAt(zone, local + dayS);
  const moments = [local - early, local - late].filter(
    (moment) => offsetAt(zone, moment) === local - moment,
  );
  if (moments.length > 0) {
    return { first: Math.min(...moments), last: Math.max(...moments), isLeftOut: false };
  }
  const change = zone.changes.find(({ atS }) => Math.abs(atS - (local - early)) <= dayS);
  return { first: change?.atS ?? local - early, last: local - early, isLeftOut: true };
}
