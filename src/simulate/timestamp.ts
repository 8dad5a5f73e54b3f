const isoPattern =
  /^"?(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?(?:Z|\+00:?00)"?$/;
const epochPattern = /^\d{1,10}(?:\.0+)?$/;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whole seconds since the epoch, from ISO-8601 in UTC or from seconds; null for anything else. */
export function parseTimestamp(text: string): number | null {
  if (epochPattern.test(text)) return Number(text);
  const match = isoPattern.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || second === undefined) return null;
  const isThere =
    year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  if (!isThere || hour > 23 || minute > 59 || second > 59) return null;
  return ((daysBefore(year, month) + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
}

/** From 1 January 1970 to the first of the month. */
function daysBefore(year: number, month: number): number {
  const years = year - 1970;
  // 1972 was the first leap year of the epoch; 2000 was one, 2100 will not be.
  const leaps =
    Math.floor((year - 1969) / 4) -
    Math.floor((year - 1901) / 100) +
    Math.floor((year - 1601) / 400);
  let days = years * 365 + leaps;
  for (let before = 1; before < month; before += 1) days += daysOf(year, before);
  return days;
}

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (monthDays[month - 1] ?? 0);
}

const dayS = 86_400;
/** In days. */
const meanMonth = 30.436875;

/** Months since January 1970, in UTC. */
export function monthOf(second: number): number {
  const day = Math.floor(second / dayS);
  let month = Math.floor(day / meanMonth);
  while (daysBefore(1970 + Math.floor((month + 1) / 12), ((month + 1) % 12) + 1) <= day) month += 1;
  while (daysBefore(1970 + Math.floor(month / 12), (month % 12) + 1) > day) month -= 1;
  return month;
}
