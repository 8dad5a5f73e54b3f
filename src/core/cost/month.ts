import type { Instant } from "../instant.ts";

/** A calendar month in UTC. */
export interface Month {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  readonly from: Instant;
  /** The first moment of the next one. */
  readonly to: Instant;
}

const dayMs = 86_400_000;
const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function monthAt(now: Instant): Month {
  const day = Math.floor(now / dayMs);
  let year = 1970 + Math.floor(day / 366);
  while (daysBefore(year + 1, 1) <= day) year += 1;
  let month = 1;
  while (month < 12 && daysBefore(year, month + 1) <= day) month += 1;
  return monthOf(year, month);
}

/** `2026-10`; null for anything else. */
export function parseMonth(text: string): Month | null {
  const match = /^(\d{4})-(\d\d)$/.exec(text);
  const [year, month] = [Number(match?.[1]), Number(match?.[2])];
  return year >= 1970 && month >= 1 && month <= 12 ? monthOf(year, month) : null;
}

export function formatMonth({ year, month }: Month): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`;
}

function monthOf(year: number, month: number): Month {
  const from = daysBefore(year, month) * dayMs;
  const to = (month === 12 ? daysBefore(year + 1, 1) : daysBefore(year, month + 1)) * dayMs;
  return { year, month, from, to };
}

/** From 1 January 1970 to the first of the month. */
function daysBefore(year: number, month: number): number {
  const leaps = (upTo: number): number =>
    Math.floor(upTo / 4) - Math.floor(upTo / 100) + Math.floor(upTo / 400);
  let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
  for (let before = 1; before < month; before += 1) days += daysOf(year, before);
  return days;
}

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (lengths[month - 1] ?? 0);
}
