/** What clocks show, in arithmetic alone: core knows no time zones of the machine. */

const dayS = 86_400;

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
