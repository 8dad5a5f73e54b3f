import type { Action, StepResult } from "../action.ts";
import type { InventoryState } from "../inventory.ts";
import type { Roster } from "../roster.ts";

/** Releases of this many last deploys are kept, so that a roll-back needs no upload. */
const DEPLOYS_KEPT = 5;

/** Revisions and releases that nothing runs, wants or could go back to. */
export function pruneReleases(roster: Roster): StepResult {
  const { state } = roster;
  if (roster.activeDeploy !== null) return { actions: [], holds: [] };
  const revisionsKept = keptRevisions(state);
  const isKept = (id: string): boolean => revisionsKept.has(id);
  const releasesKept = new Set(
    [...state.revisions.values()].filter((r) => isKept(r.id)).map((r) => r.release),
  );
  // A release uploaded a moment ago waits for its deploy.
  const newest = Math.max(0, ...[...state.releases.values()].map((release) => release.createdAt));
  const actions: Action[] = [];
  for (const id of state.revisions.keys()) {
    if (!isKept(id)) {
      actions.push({
        kind: "prune",
        subject: id,
        reason: `older than the last ${DEPLOYS_KEPT} deploys`,
        changes: [{ kind: "revision-gone", id }],
        effect: null,
      });
    }
  }
  for (const release of state.releases.values()) {
    if (releasesKept.has(release.id) || release.createdAt === newest) continue;
    actions.push({
      kind: "prune",
      subject: release.id,
      reason: `older than the last ${DEPLOYS_KEPT} deploys`,
      changes: [{ kind: "release-gone", id: release.id }],
      effect: { kind: "remove-release", release: release.id },
    });
  }
  return { actions, holds: [] };
}

function keptRevisions(state: InventoryState): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const server of state.servers.values()) kept.add(server.revision);
  for (const { state: now, revision } of state.oneOffs.values()) {
    if (now === "running") kept.add(revision);
  }
  for (const role of state.roles.values()) {
    if (role.revision !== null) kept.add(role.revision);
    const deploys = [...state.deploys.values()]
      .filter((deploy) => deploy.changes.some((change) => change.role === role.role))
      .sort((a, b) => b.id - a.id)
      .slice(0, DEPLOYS_KEPT);
    for (const deploy of deploys) {
      for (const change of deploy.changes) {
        kept.add(change.to);
        if (change.from !== null) kept.add(change.from);
      }
    }
  }
  return kept;
}
