import type { Instant } from "./instant.ts";
import type { SiteEvent } from "./inventory.ts";

/** More of them tell nobody anything: a machine in trouble is told within the first ones. */
export const NEWS_MAX = 30;
export const NEWS_WINDOW_MS = 5 * 60_000;
/** A clock that is behind, or a lie, dates nothing further back. */
const BACKDATED_MS = 60_000;

/** What one machine's reports have put on record since the window began, and what they would have. */
export interface NewsWindow {
  readonly beganAt: Instant;
  readonly told: number;
  readonly leftOut: number;
}

/**
 * What of a machine's news goes on record. Its reports cause them, so without a limit one agent could fill the
 * inventory; what is left out is counted, and said in one event when the window ends.
 */
export function limitNews(
  window: NewsWindow | null,
  machine: string,
  news: readonly SiteEvent[],
  now: Instant,
): { readonly window: NewsWindow; readonly events: readonly SiteEvent[] } {
  const isOver = window === null || now - window.beganAt >= NEWS_WINDOW_MS;
  const current = isOver ? { beganAt: now, told: 0, leftOut: 0 } : window;
  const told = news.slice(0, NEWS_MAX - current.told);
  const dated = told.map((event) => ({ ...event, at: Math.max(event.at, now - BACKDATED_MS) }));
  const closing = isOver && window !== null ? leftOutEvents(window, machine, now) : [];
  return {
    window: {
      ...current,
      told: current.told + told.length,
      leftOut: current.leftOut + news.length - told.length,
    },
    events: [...closing, ...dated],
  };
}

function leftOutEvents(
  { leftOut }: NewsWindow,
  machine: string,
  now: Instant,
): readonly SiteEvent[] {
  if (leftOut === 0) return [];
  const reason = `${leftOut} more of what it reported within ${NEWS_WINDOW_MS / 60_000} minutes were left out`;
  return [{ at: now, kind: "left-out", subject: machine, reason }];
}
