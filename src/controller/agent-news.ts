import type { Instant } from "../core/instant.ts";
import type { SiteEvent } from "../core/inventory.ts";
import { limitNews } from "../core/news-limit.ts";
import type { NewsWindow } from "../core/news-limit.ts";
import type { AgentObservation } from "../core/observed.ts";
import { reportNews } from "../core/report-news.ts";
import type { AgentReport } from "../core/report.ts";

/** What agents and balancers did by themselves since the last look, as far as it goes on record. */
export interface AgentNews {
  take(agents: ReadonlyMap<string, AgentObservation>, now: Instant): readonly SiteEvent[];
}

export function createAgentNews(): AgentNews {
  /** Each agent's report as the last look saw it. */
  const reports = new Map<string, AgentReport>();
  const windows = new Map<string, NewsWindow>();
  return {
    take(agents, now) {
      const events: SiteEvent[] = [];
      for (const [machine, { report }] of agents) {
        const before = reports.get(machine) ?? null;
        const isNew = report !== null && report !== before;
        const news = isNew ? reportNews(before, report) : [];
        if (isNew) reports.set(machine, report);
        const window = windows.get(machine) ?? null;
        if (window === null && news.length === 0) continue;
        const limited = limitNews(window, machine, news, now);
        events.push(...limited.events);
        // A machine that is quiet again needs no window.
        if (limited.window.told + limited.window.leftOut > 0) windows.set(machine, limited.window);
        else windows.delete(machine);
      }
      for (const machine of reports.keys()) if (!agents.has(machine)) reports.delete(machine);
      for (const machine of windows.keys()) if (!agents.has(machine)) windows.delete(machine);
      return events;
    },
  };
}
