import { usageError } from "./cli-error.ts";
import { parseDuration } from "./duration.ts";
import { momentOf } from "./moment.ts";

/** A time that was typed, and what had to be assumed to understand it. */
export interface TypedMoment {
  readonly ms: number;
  /** `today`, where only the time of day was typed; null: nothing. */
  readonly assumed: string | null;
}

const forms = "2026-11-21T14:05:00Z, 14:05 (today, UTC) or '10m ago'";

/** Understands what was typed after `--option` as a moment that is over. Throws a usage error for anything else. */
export function pastMoment(option: string, text: string, nowMs: number): TypedMoment {
  const moment = read(text.trim(), nowMs);
  if (moment === null) throw usageError(`--${option} needs a time such as ${forms}, got ${text}`);
  if (moment.ms <= nowMs) return moment;
  const meant = moment.assumed === null ? "" : `${momentOf(moment.ms)} UTC, `;
  const now = momentOf(nowMs);
  throw usageError(`--${option} ${text} is ${meant}in the future: it is ${now} UTC now`);
}

function read(text: string, nowMs: number): TypedMoment | null {
  if (text === "now") return { ms: nowMs, assumed: null };
  const ago = /^(.+?)\s*ago$/.exec(text);
  if (ago !== null) return agoFrom(nowMs, ago[1] ?? "");
  if (/^\d{1,2}:\d{2}(:\d{2})?$/.test(text)) return timeOfToday(text, nowMs);
  return dateOf(text);
}

function agoFrom(nowMs: number, text: string): TypedMoment | null {
  const agoMs = parseDuration(text.replaceAll(" ", ""));
  return agoMs === null ? null : { ms: nowMs - agoMs, assumed: null };
}

function timeOfToday(text: string, nowMs: number): TypedMoment | null {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const known = dateOf(`${day}T${/^\d:/.test(text) ? "0" : ""}${text}Z`);
  return known === null ? null : { ...known, assumed: "today" };
}

/** ISO 8601; without a zone it is UTC, as everything that is printed. */
function dateOf(text: string): TypedMoment | null {
  const form =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;
  const [, day, time = "00:00", zone = "Z"] = form.exec(text) ?? [];
  if (day === undefined) return null;
  const [ms, dayMs] = [Date.parse(`${day}T${time}${zone}`), Date.parse(day)];
  if (!Number.isFinite(ms) || !Number.isFinite(dayMs)) return null;
  // The 31st of a shorter month would else be the first of the next one.
  return new Date(dayMs).toISOString().startsWith(day) ? { ms, assumed: null } : null;
}
