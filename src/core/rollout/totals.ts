import type { DeployRecord } from "../inventory.ts";
import type { Roster, Sight } from "../roster.ts";

/** What each balancer has counted so far, by machine and epoch. */
export function totalsNow(
  sight: Sight,
): Readonly<Record<string, { readonly requests: number; readonly failed: number }>> {
  return Object.fromEntries(
    sight.balancers.map(({ machine, report }) => {
      const { epoch, requests, failed } = report.totals;
      return [`${machine}/${epoch}`, { requests, failed }];
    }),
  );
}

/** Requests, and failed ones among them, that the balancers counted since the deploy began. */
export function countSince(
  roster: Roster,
  deploy: DeployRecord,
): { readonly requests: number; readonly failed: number } {
  let requests = 0;
  let failed = 0;
  for (const [key, totals] of Object.entries(totalsNow(roster.sight))) {
    const before = deploy.totalsBefore[key];
    requests += totals.requests - (before?.requests ?? 0);
    failed += totals.failed - (before?.failed ?? 0);
  }
  // A balancer that counts backwards counts for nothing.
  return { requests: Math.max(0, requests), failed: Math.max(0, failed) };
}
