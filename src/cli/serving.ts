import type { Status } from "./client.ts";
import { counted, shortRelease } from "./figures.ts";

/** What visitors get right now, in one sentence. */
export function describeServing(status: Status): string {
  const roles = status.roles.filter((role) => role.role !== "balancer" && role.serving > 0);
  if (roles.length === 0) return "nothing";
  const parts = roles.map((role) => {
    const release = role.release === null ? "" : ` on release ${shortRelease(role.release)}`;
    return `${counted(role.serving, `${role.role} machine`)}${release}`;
  });
  return `${parts.join(", ")}${status.url === null ? "" : ` at ${status.url}`}`;
}

/** The site is whole and nothing changes over. */
export function isSettled(status: Status): boolean {
  return status.problems.length === 0 && !isDeploying(status);
}

export function isDeploying(status: Status): boolean {
  const state = status.deploy?.state;
  return state === "running" || state === "reverting";
}
