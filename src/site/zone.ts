import type { ZoneOffsets } from "../core/scaling/rules/calendar.ts";

/** Clock changes are known from here to here; what is outside has the offset of the nearest end. */
const firstYear = 2_024;
const lastYear = 2_046;
/** No two changes of any zone are nearer to each other. */
const strideS = 14 * 86_400;

/**
 * The clock changes of a time zone; null when there is none of that name. They are put into the site once, when its
 * file is read: so core needs no zone database, a replayed hour decides as it did, and every controller agrees.
 */
export function zoneOffsets(name: string): ZoneOffsets | null {
  const offsetAt = offsetReader(name);
  if (offsetAt === null) return null;
  const changes: { atS: number; offsetS: number }[] = [];
  let from = Date.UTC(firstYear, 0, 1) / 1_000;
  const end = Date.UTC(lastYear, 0, 1) / 1_000;
  const firstS = offsetAt(from);
  for (let offset = firstS; from < end; from += strideS) {
    const next = offsetAt(from + strideS);
    if (next === offset) continue;
    changes.push({ atS: changeWithin(offsetAt, from, from + strideS), offsetS: next });
    offset = next;
  }
  return { firstS, changes };
}

type OffsetAt = (second: number) => number;

function changeWithin(offsetAt: OffsetAt, from: number, to: number): number {
  const before = offsetAt(from);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function offsetReader(name: string): OffsetAt | null {
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    return (second) => {
      const parts = format.formatToParts(second * 1_000);
      const shown = parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
      const match = /^GMT([+-])(\d{2}):(\d{2})$/.exec(shown);
      if (match === null) return 0;
      const offset = Number(match[2]) * 3_600 + Number(match[3]) * 60;
      return match[1] === "-" ? -offset : offset;
    };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
