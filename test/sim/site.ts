import type { Role, Site } from "../../src/core/desired.ts";

/** A role as the three-line site file gives it, with what a test wants otherwise. */
export function aRole(name: string, wish: Partial<Role> = {}): Role {
  return {
    name,
    run: "node server.js",
    source: ".",
    ignore: [],
    build: null,
    machines: { min: 1, max: 10 },
    limits: { cpuMax: null, memoryBytesMax: null },
    instances: 1,
    env: {},
    secrets: {},
    check: {
      kind: "http",
      path: "/up",
      host: null,
      everyMs: 1000,
      timeoutMs: 1000,
      rise: 2,
      fall: 2,
    },
    traffic: {
      balance: "roundrobin",
      weight: 100,
      stickyCookie: null,
      limit: null,
      queueTimeoutMs: 10_000,
      slowStartMs: 0,
      drainMs: 30_000,
      backupRole: null,
    },
    scaling: { inFlightPerMachine: 8, holdMs: 120_000 },
    deploy: {
      batch: 1,
      timeoutMs: 10_000,
      before: null,
      after: null,
      errorsMax: 0.05,
      settleMs: 0,
    },
    supervision: {
      startGraceMs: 30_000,
      restartGraceMs: 10_000,
      memoryBytesMax: null,
      cpuMax: null,
      stopTimeoutMs: 10_000,
    },
    provisioning: { packages: [], files: [], setup: [] },
    ...wish,
  };
}

export function aSite(roles: readonly Role[]): Site {
  return {
    name: "shop",
    domains: ["shop.example.com"],
    provider: "local",
    balancer: {
      machines: 1,
      bind: { host: "127.0.0.1", port: 8080 },
      connectTimeoutMs: 2000,
      clientTimeoutMs: 30_000,
      serverTimeoutMs: 30_000,
      keepAliveTimeoutMs: 5000,
      maintenancePage: "<p>back soon</p>",
      limits: { cpuMax: null, memoryBytesMax: null },
    },
    roles,
    routes: [],
    defaultRole: roles.find((role) => role.check.kind !== "none")?.name ?? null,
  };
}
