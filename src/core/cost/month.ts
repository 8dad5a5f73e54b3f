import { dayOf } from "../calendar.ts";
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

export function monthAt(now: Instant): Month {
  const day = Math.floor(now / dayMs);
  let year = 1970 + Math.floor(day / 366);
  while (dayOf(year + 1, 1, 1) <= day) year += 1;
  let month = 1;
  while (month < 12 && dayOf(year, month + 1, 1) <= day) month += 1;
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
  const from = dayOf(year, month, 1) * dayMs;
  const to = (month === 12 ? dayOf(year + 1, 1, 1) : dayOf(year, month + 1, 1)) * dayMs;
  return { year, month, from, to };
}
