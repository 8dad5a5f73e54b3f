import type { Deploy, Status } from "./client.ts";
import { formatDuration } from "./duration.ts";
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatRate,
  formatShare,
  shortRelease,
} from "./figures.ts";
import { renderTable } from "./table.ts";
import type { Column } from "./table.ts";

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });

const columns: readonly Column[] = [
  left("MACHINE"),
  left("ROLE"),
  left("RELEASE"),
  left("STATE"),
  right("REQ/S"),
  right("P50"),
  right("P95"),
  right("P99"),
  right("4XX"),
  right("5XX"),
  right("IN FLIGHT"),
  right("QUEUE"),
  right("CPU"),
  right("MEMORY"),
  right("AGE"),
];

/** The site at a glance, for people. */
export function renderStatus(status: Status): readonly string[] {
  return [
    headline(status),
    "",
    ...renderTable(columns, status.machines.map(machineRow)),
    ...section("roles", status.roles.map(describeRole)),
    ...section("problems", status.problems),
    ...section("", describeDeploy(status.deploy, status.at)),
  ];
}

function headline(status: Status): string {
  if (status.site === null) return "No site is up";
  const state =
    status.phase === "down" ? "going down" : status.problems.length === 0 ? "up" : "degraded";
  const maintenance = status.isMaintenanceOn ? ", maintenance page on" : "";
  return `${status.site}  ${status.url ?? ""}  ${state}${maintenance}`;
}

function machineRow(machine: Status["machines"][number]): readonly string[] {
  return [
    machine.machine,
    machine.role,
    shortRelease(machine.release),
    machine.state,
    formatRate(machine.requestsPerSecond),
    formatLatency(machine.p50),
    formatLatency(machine.p95),
    formatLatency(machine.p99),
    formatCount(machine.responses4xx),
    formatCount(machine.responses5xx),
    formatCount(machine.inFlight),
    formatCount(machine.queue),
    formatShare(machine.cpu),
    formatBytes(machine.memoryBytes),
    formatDuration(machine.ageMs),
  ];
}

function describeRole(role: Status["roles"][number]): string {
  const bounds = role.min === role.max ? `${role.min}` : `${role.min}..${role.max}`;
  const pin = role.pinnedUntil === null ? "" : ", pinned";
  return `${role.role}: ${role.serving} of ${role.target} serve (${bounds}${pin}), ${role.reason}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  if (title === "") return ["", ...lines];
  return ["", title, ...lines.map((line) => `  ${line}`)];
}

function describeDeploy(deploy: Deploy | null, at: number): readonly string[] {
  if (deploy === null) return [];
  const roles = deploy.roles.map(({ role }) => role).join(", ");
  const head = `deploy ${deploy.id} of ${roles} by ${deploy.by}`;
  const age = formatDuration(at - (deploy.finishedAt ?? deploy.startedAt));
  switch (deploy.state) {
    case "running":
      return [`${head} has been running for ${age}`];
    case "reverting":
      return [`${head} goes back: ${deploy.failure?.message ?? "it failed"}`];
    case "done":
      return [
        `${head} ended ${age} ago, ${formatCount(deploy.failed ?? 0)} failed of ${formatCount(deploy.requests ?? 0)} requests`,
      ];
    case "reverted":
    case "failed":
      return [`${head} ${deploy.state} ${age} ago: ${deploy.failure?.message ?? "unknown"}`];
  }
}
