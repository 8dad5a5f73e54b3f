import type { Prices } from "../core/cost/prices.ts";
import type { Check, MachineLimits, Role, Site } from "../core/desired.ts";
import { maintenancePage } from "./maintenance-page.ts";
import type { RoleFields } from "./role-schema.ts";
import { routePath, type ReadFile } from "./rules.ts";
import { compileScale, inFlightDefault } from "./scale-rules.ts";
import type { TopFields } from "./schema.ts";

/** The file's own words into those of the core; everything is known to be right by now. */
export function toSite(
  top: TopFields,
  fields: ReadonlyMap<string, RoleFields>,
  readFile: ReadFile,
): Site {
  const roles = [...fields].map(([name, role]) => toRole(name, role, readFile));
  const domains = top.domains.length === 0 ? [`${top.site}.localhost`] : top.domains;
  return {
    name: top.site,
    domains,
    provider: top.provider,
    balancer: toBalancer(top.balancer, readFile),
    roles: roles.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    routes: top.routes.map(({ host, path, to }) => ({ host, path: routePath(path), role: to })),
    prices: toPrices(top.prices),
    defaultRole: top.default ?? roles.find(({ check }) => check.kind !== "none")?.name ?? null,
  };
}

/** Without a price the terms of billing say nothing. */
function toPrices({ machines, billing, minimum }: TopFields["prices"]): Prices | null {
  if (Object.keys(machines).length === 0) return null;
  return { machines, billing: { unit: billing, minimumMs: minimum } };
}

function toBalancer(balancer: TopFields["balancer"], readFile: ReadFile): Site["balancer"] {
  const { html, from } = balancer.maintenance_page;
  return {
    machines: balancer.machines,
    bind: balancer.bind,
    connectTimeoutMs: balancer.connect_timeout,
    clientTimeoutMs: balancer.client_timeout,
    serverTimeoutMs: balancer.server_timeout,
    keepAliveTimeoutMs: balancer.keep_alive,
    limits: toLimits(balancer.resources),
    maintenancePage: html ?? (from === null ? null : readFile(from)) ?? maintenancePage,
  };
}

function toRole(name: string, role: RoleFields, readFile: ReadFile): Role {
  return {
    name,
    run: role.run,
    source: role.source,
    ignore: role.ignore,
    build: role.build,
    machines: role.machines,
    limits: toLimits(role.resources),
    instances: role.instances,
    env: role.env,
    secrets: role.secrets,
    check: toCheck(role.check),
    traffic: toTraffic(name, role),
    scaling: toScaling(role.scale),
    deploy: {
      batch: role.deploy.batch,
      timeoutMs: role.deploy.timeout,
      before: role.deploy.before,
      after: role.deploy.after,
      errorsMax: role.deploy.errors,
      settleMs: role.deploy.settle,
    },
    supervision: {
      startGraceMs: role.supervise.start_grace,
      restartGraceMs: role.supervise.restart_grace,
      memoryBytesMax: role.supervise.memory,
      cpuMax: role.supervise.cpu,
      stopTimeoutMs: role.supervise.stop_timeout,
    },
    provisioning: {
      packages: role.packages,
      files: role.files.map(({ path, content, from, mode }) => ({
        path,
        content: content ?? (from === null ? null : readFile(from)) ?? "",
        mode,
      })),
      setup: role.setup,
    },
  };
}

/** What stands below `scale:`, compiled. */
export function toScaling(scale: RoleFields["scale"]): Role["scaling"] {
  const { rules } = compileScale(scale, []);
  const simple = { inFlightPerMachine: scale.in_flight ?? inFlightDefault, holdMs: scale.hold };
  return rules === null ? simple : { ...simple, rules };
}

function toLimits({ cpu, memory }: RoleFields["resources"]): MachineLimits {
  return { cpuMax: cpu, memoryBytesMax: memory };
}

function toTraffic(name: string, role: RoleFields): Role["traffic"] {
  const { sticky } = role;
  return {
    balance: role.balance,
    weight: role.weight,
    stickyCookie: typeof sticky === "string" ? sticky : sticky ? `tidemill-${name}` : null,
    limit: role.limit.connections,
    queueTimeoutMs: role.limit.queue_timeout,
    slowStartMs: role.slow_start,
    drainMs: role.drain,
    backupRole: role.backup,
  };
}

function toCheck(check: RoleFields["check"]): Check {
  if (check.none === true) return { kind: "none" };
  const timing = {
    everyMs: check.every,
    timeoutMs: check.timeout,
    rise: check.rise,
    fall: check.fall,
  };
  if (check.path === null) return { kind: "tcp", ...timing };
  return { kind: "http", path: check.path, host: check.host, ...timing };
}
