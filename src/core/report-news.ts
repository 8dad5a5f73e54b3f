import type { SiteEvent } from "./inventory.ts";
import type { AgentReport, ProcessReport, TaskReport } from "./report.ts";

/**
 * Whether something may have to be decided anew. Figures that move all the time are none: who needs them looks
 * once a second. A balancer's always are: they tell the load.
 */
export function isNews(before: AgentReport | null, now: AgentReport): boolean {
  if (before === null || before.bootId !== now.bootId) return true;
  if (before.balancer !== null || now.balancer !== null) return true;
  return (
    differ(before.processes, now.processes, isSameProcess) ||
    differ(before.tasks, now.tasks, isSameTask)
  );
}

function differ<Part>(
  before: readonly Part[],
  now: readonly Part[],
  isSame: (a: Part, b: Part) => boolean,
): boolean {
  if (before.length !== now.length) return true;
  return now.some((part, index) => {
    const was = before[index];
    return was === undefined || !isSame(was, part);
  });
}

function isSameProcess(a: ProcessReport, b: ProcessReport): boolean {
  return (
    a.id === b.id &&
    a.state === b.state &&
    a.pid === b.pid &&
    a.address === b.address &&
    a.port === b.port &&
    a.restarts === b.restarts &&
    a.restartWanted === b.restartWanted &&
    a.problem === b.problem
  );
}

function isSameTask(a: TaskReport, b: TaskReport): boolean {
  return a.id === b.id && a.state === b.state;
}

/** What an agent or a balancer did by itself between two of its reports, as lines for the site's history. */
export function reportNews(before: AgentReport | null, now: AgentReport): readonly SiteEvent[] {
  // A first report, or one of a restarted agent, has nothing to be compared with.
  if (before === null || before.bootId !== now.bootId) return [];
  return [...processNews(before, now), ...balancerNews(before, now)];
}

function processNews(before: AgentReport, now: AgentReport): readonly SiteEvent[] {
  const former = new Map(before.processes.map((process) => [process.id, process]));
  return now.processes.flatMap((process): readonly SiteEvent[] => {
    const was = former.get(process.id);
    const told = was === undefined ? null : processStory(was, process);
    if (told === null) return [];
    return [{ at: now.at, kind: told.kind, subject: now.machine, reason: told.reason }];
  });
}

function processStory(
  was: ProcessReport,
  is: ProcessReport,
): { readonly kind: string; readonly reason: string } | null {
  const why = is.problem ?? was.problem;
  const because = why === null ? "" : `: ${why}`;
  if (is.state === "unmonitored" && was.state !== "unmonitored") {
    return { kind: "flapping", reason: `process ${is.id} keeps ending and rests now${because}` };
  }
  if (is.restarts > was.restarts) {
    return { kind: "restart", reason: `process ${is.id} was started again${because}` };
  }
  if (is.restartWanted !== null && was.restartWanted === null) {
    return { kind: "worn", reason: `process ${is.id} is to be replaced: ${is.restartWanted}` };
  }
  return null;
}

function balancerNews(before: AgentReport, now: AgentReport): readonly SiteEvent[] {
  if (before.balancer === null || now.balancer === null) return [];
  const newest = before.balancer.drift.at(-1)?.at ?? 0;
  const drift = now.balancer.drift
    .filter((entry) => entry.at > newest)
    .map(({ at, what }) => ({ at, kind: "drift", subject: now.machine, reason: what }));
  const { pid, engine } = now.balancer;
  const former = before.balancer.pid;
  if (pid === former) return drift;
  const isReload = now.balancer.reloads > before.balancer.reloads;
  const kind = isReload ? "reload" : "restart";
  const reason =
    pid === null
      ? `${engine} ended`
      : isReload
        ? `${engine} took a new configuration`
        : `${engine} was started`;
  return [...drift, { at: now.at, kind, subject: now.machine, reason }];
}
