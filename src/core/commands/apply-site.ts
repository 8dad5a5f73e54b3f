import type { Role, Site } from "../desired.ts";
import type { Instant } from "../instant.ts";
import type {
  Change,
  DeployChange,
  DeployRecord,
  HookRun,
  InventoryState,
  RevisionRecord,
} from "../inventory.ts";
import { roleRecord } from "../roles.ts";
import { activeDeploy, isServing, takeRoster, takeSight } from "../roster.ts";
import type { Roster } from "../roster.ts";
import type { Observed } from "../observed.ts";
import { totalsNow } from "../rollout/totals.ts";
import type { Outcome } from "./outcome.ts";
import { refused, unknown } from "./outcome.ts";

export interface SiteOrder {
  readonly site: Site;
  /** One per role: what its servers should run now. */
  readonly revisions: readonly RevisionRecord[];
  readonly balancerPort: number;
  readonly by: string;
  readonly kind: DeployRecord["kind"];
}

/** Makes the site file what is desired; roles whose code, command or environment changed are deployed. */
export function applySite(observed: Observed, order: SiteOrder, now: Instant): Outcome {
  const state = observed.inventory;
  const locked = lockedBy(state);
  if (locked !== null) return locked;
  if (state.settings.phase === "down" && state.machines.size > 0) {
    return refused("going down", "the site is being taken down; wait until it is down");
  }
  const former = state.settings.site?.provider ?? order.site.provider;
  if (former !== order.site.provider && state.machines.size > 0) {
    const to = order.site.provider;
    const message = `the machines are of provider ${former}: take the site down before it moves to ${to}`;
    return refused("provider", message);
  }
  const changed = order.revisions.filter(
    (revision) => state.roles.get(revision.role)?.revision !== revision.id,
  );
  const changes: Change[] = [];
  for (const revision of changed) {
    if (!state.revisions.has(revision.id)) changes.push({ kind: "revision", revision });
  }
  const settings = {
    ...state.settings,
    site: order.site,
    phase: "up" as const,
    balancerPort: order.balancerPort,
  };
  const begun = beginDeploy(observed, order, changed, now);
  const nextDeployId = settings.nextDeployId + (begun === null ? 0 : 1);
  changes.push({ kind: "settings", settings: { ...settings, nextDeployId } });
  if (begun !== null) changes.push({ kind: "deploy", deploy: begun });
  return {
    kind: "done",
    changes,
    event: { kind: "site", subject: order.site.name, reason: describe(order, begun) },
    deploy: begun?.id ?? null,
  };
}

/** Goes back to what ran before the last deploy; its releases are still here. */
export function rollBack(observed: Observed, by: string, now: Instant): Outcome {
  const state = observed.inventory;
  const locked = lockedBy(state);
  if (locked !== null) return locked;
  const last = [...state.deploys.values()]
    .filter((deploy) => deploy.state === "done")
    .sort((a, b) => b.id - a.id)[0];
  const back = (last?.changes ?? []).flatMap((change) => {
    const revision = change.from === null ? undefined : state.revisions.get(change.from);
    return revision === undefined ? [] : [revision];
  });
  const { site, balancerPort } = state.settings;
  if (site === null || last === undefined || back.length === 0) {
    return unknown("there is no earlier deploy to go back to");
  }
  const order = { site, revisions: back, balancerPort: balancerPort ?? 0, by, kind: "rollback" };
  return applySite(observed, { ...order, kind: "rollback" }, now);
}

function lockedBy(state: InventoryState): Outcome | null {
  const deploy = activeDeploy(state);
  if (deploy === null) return null;
  const doing = deploy.state === "running" ? "is running" : "is going back";
  return {
    kind: "locked",
    deploy: deploy.id,
    message: `deploy ${deploy.id}, begun by ${deploy.by}, ${doing}`,
  };
}

function beginDeploy(
  observed: Observed,
  order: SiteOrder,
  changed: readonly RevisionRecord[],
  now: Instant,
): DeployRecord | null {
  const state = observed.inventory;
  if (changed.length === 0) return null;
  const roster = takeRoster(observed, state, takeSight(observed), now);
  const changes = changed.flatMap((revision): readonly DeployChange[] => {
    const role = order.site.roles.find((r) => r.name === revision.role);
    return role === undefined ? [] : [deployChange(roster, role, revision.id)];
  });
  return {
    id: state.settings.nextDeployId,
    state: "running",
    by: order.by,
    kind: order.kind,
    changes,
    startedAt: now,
    finishedAt: null,
    totalsBefore: totalsNow(roster.sight),
    requests: null,
    failed: null,
    failure: null,
  };
}

function deployChange(roster: Roster, role: Role, to: string): DeployChange {
  const { revision } = roleRecord(roster.state, role.name, roster.now);
  const from = revision !== null && isWorthGoingBackTo(roster, revision) ? revision : null;
  return {
    role: role.name,
    from,
    to,
    settings: role.deploy,
    before: hook(role.deploy.before),
    after: hook(role.deploy.after),
  };
}

/** What was once deployed well, or serves now although its deploy failed over another role. */
function isWorthGoingBackTo(roster: Roster, revision: string): boolean {
  const { deploys, servers } = roster.state;
  const wasDeployed = [...deploys.values()].some(
    (deploy) => deploy.state === "done" && deploy.changes.some((change) => change.to === revision),
  );
  const own = [...servers.values()].filter((server) => server.revision === revision);
  return wasDeployed || own.some((server) => isServing(roster, server));
}

function hook(command: string | null): HookRun {
  return { state: command === null ? "none" : "waiting", machine: null, lastLines: [] };
}

function describe(order: SiteOrder, deploy: DeployRecord | null): string {
  if (deploy === null) return `${order.by} applied the site file; no role needs a deploy`;
  const roles = deploy.changes.map((change) => `${change.role} to ${change.to}`).join(", ");
  return `${order.by} began deploy ${deploy.id}: ${roles}`;
}
