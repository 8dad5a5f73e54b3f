import { z } from "@hono/zod-openapi";
import type { Check, MachineLimits, Role, SecretReference, Site } from "../core/desired.ts";
import { rulesSchema } from "./rules-schema.ts";

/**
 * The parsed site file as it travels: the same shape as `Site`, which the compiler compares below. Whoever sends it
 * need not have read a file: the bounds are those of the site file, and what HAProxy reads has no line of its own.
 */
const ms = z
  .number()
  .int()
  .min(0)
  .max(24 * 86_400_000);
const MACHINES_MAX = 10_000;
const ITEMS_MAX = 1_000;
const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
// oxlint-disable-next-line no-control-regex
const noNul = /^[^\0]*$/;
const command = z.string().regex(noNul).max(65_536);
// oxlint-disable-next-line no-control-regex
const path = z.string().regex(/^[^\0]{1,4096}$/);
const urlPath = z.string().regex(/^\/[^\s"'\\#\p{Cc}]{0,255}$/u);
const host = z
  .string()
  .regex(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/)
  .max(253);
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const content = z.string().max(1_048_576);
const headerName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

const checkTiming = {
  everyMs: ms,
  timeoutMs: ms,
  rise: z.number().int().min(1).max(100),
  fall: z.number().int().min(1).max(100),
};

const check: z.ZodType<Check> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("http"),
    path: urlPath,
    host: host.nullable(),
    ...checkTiming,
  }),
  z.strictObject({ kind: z.literal("tcp"), ...checkTiming }),
  z.strictObject({ kind: z.literal("none") }),
]);

const secretReference: z.ZodType<SecretReference> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("env"), name: environmentName }),
  z.strictObject({ kind: z.literal("file"), path }),
]);

const traffic = z.strictObject({
  balance: z.union([
    z.enum(["roundrobin", "leastconn", "first", "random", "source", "uri"]),
    z.templateLiteral(["url_param(", headerName, ")"]),
    z.templateLiteral(["hdr(", headerName, ")"]),
  ]),
  weight: z.number().int().min(1).max(256),
  stickyCookie: headerName.nullable(),
  limit: z.number().int().min(1).max(1_000_000).nullable(),
  queueTimeoutMs: ms,
  slowStartMs: ms,
  drainMs: ms,
  backupRole: name.nullable(),
});

const deploy = z.strictObject({
  batch: z.number().positive().max(MACHINES_MAX),
  timeoutMs: ms,
  before: command.nullable(),
  after: command.nullable(),
  errorsMax: z.number().min(0).max(1),
  settleMs: ms,
});

const supervision = z.strictObject({
  startGraceMs: ms,
  restartGraceMs: ms,
  memoryBytesMax: z.number().positive().nullable(),
  cpuMax: z.number().positive().nullable(),
  stopTimeoutMs: ms,
});

const file = z.strictObject({ path, content, mode: z.number().int().min(0).max(0o7777) });
const provisioning = z.strictObject({
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,127}$/)).max(ITEMS_MAX),
  files: z.array(file).max(ITEMS_MAX),
  setup: z.array(command).max(ITEMS_MAX),
});

const limits: z.ZodType<MachineLimits> = z.strictObject({
  cpuMax: z.number().min(0.05).max(1_024).nullable(),
  memoryBytesMax: z.number().int().min(134_217_728).nullable(),
});

const machines = z
  .strictObject({
    min: z.number().int().min(0).max(MACHINES_MAX),
    max: z.number().int().min(0).max(MACHINES_MAX),
  })
  .refine(({ min, max }) => min <= max, "the minimum is above the maximum");

const role: z.ZodType<Role> = z.strictObject({
  name,
  run: command.min(1),
  source: path,
  ignore: z.array(z.string().regex(/^[^\n]{1,1024}$/)).max(ITEMS_MAX),
  build: command.nullable(),
  machines,
  limits,
  instances: z.number().int().min(1).max(256),
  env: z.record(environmentName, content.regex(noNul)),
  secrets: z.record(environmentName, secretReference),
  check,
  traffic,
  scaling: z.strictObject({
    inFlightPerMachine: z.number().min(1).max(100_000),
    holdMs: ms,
    rules: rulesSchema.nullable().exactOptional(),
  }),
  deploy,
  supervision,
  provisioning,
});

const balancer = z.strictObject({
  machines: z.number().int().min(1).max(16),
  bind: z.strictObject({
    host: z.ipv4(),
    port: z.number().int().min(1).max(65_535).nullable(),
  }),
  connectTimeoutMs: ms,
  clientTimeoutMs: ms,
  serverTimeoutMs: ms,
  keepAliveTimeoutMs: ms,
  maintenancePage: content,
  limits,
});

const currency = z.string().regex(/^[A-Z]{3}$/);

const prices = z.strictObject({
  machines: z.record(
    name,
    z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("amount"),
        nanosPerHour: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
        currency,
      }),
      z.strictObject({ kind: z.literal("type"), type: z.string().max(100) }),
    ]),
  ),
  billing: z.strictObject({ unit: z.enum(["second", "hour"]), minimumMs: ms }),
});

const route = z.strictObject({ host: host.nullable(), path: urlPath, role: name });

export const siteSchema: z.ZodType<Site> = z
  .strictObject({
    name,
    domains: z.array(host).max(ITEMS_MAX),
    provider: z.enum(["local", "netns"]),
    balancer,
    roles: z.array(role).min(1).max(ITEMS_MAX),
    routes: z.array(route).max(ITEMS_MAX),
    defaultRole: name.nullable(),
    prices: prices.nullable().exactOptional(),
  })
  .superRefine(({ provider, balancer, roles, routes, defaultRole }, context) => {
    const listening = new Set(roles.flatMap((r) => (r.check.kind === "none" ? [] : [r.name])));
    if (new Set(roles.map((r) => r.name)).size < roles.length) {
      context.addIssue({ code: "custom", path: ["roles"], message: "a name is given twice" });
    }
    if (provider === "local" && [balancer, ...roles].some(isLimited)) {
      const message = "provider local cannot limit what a machine uses";
      context.addIssue({ code: "custom", path: ["provider"], message });
    }
    if (roles.some((r) => r.name === "balancer")) {
      context.addIssue({
        code: "custom",
        path: ["roles"],
        message: "balancer is no name of a role",
      });
    }
    const backups = roles.flatMap(({ traffic }) => traffic.backupRole ?? []);
    for (const named of [
      ...routes.map((r) => r.role),
      ...backups,
      ...(defaultRole === null ? [] : [defaultRole]),
    ]) {
      if (listening.has(named)) continue;
      const message = `no role named ${named} listens`;
      context.addIssue({ code: "custom", path: ["roles"], message });
    }
  });

function isLimited({ limits: { cpuMax, memoryBytesMax } }: Pick<Role, "limits">): boolean {
  return cpuMax !== null || memoryBytesMax !== null;
}
