import type { Instant } from "../instant.ts";
import type { AgentReport } from "../report.ts";

/**
 * What a well-formed report may say, whoever sent it: it is about the machine whose connection it came by, and
 * nothing in it is later than the moment it came. An agent whose clock is ahead, or that wants to be waited for
 * for ever, is taken to mean now.
 */
export function believed(report: AgentReport, machine: string, now: Instant): AgentReport {
  const past = (at: Instant): Instant => Math.min(at, now);
  const { balancer, processes } = report;
  const isPast =
    report.at <= now &&
    processes.every(({ since }) => since <= now) &&
    (balancer?.drift.every(({ at }) => at <= now) ?? true);
  // Nearly all are: a copy of each would be a thousand a second for nobody.
  if (isPast && report.machine === machine) return report;
  return {
    ...report,
    machine,
    at: past(report.at),
    processes: processes.map((process) => ({ ...process, since: past(process.since) })),
    balancer: balancer && {
      ...balancer,
      drift: balancer.drift.map((entry) => ({ ...entry, at: past(entry.at) })),
    },
  };
}
