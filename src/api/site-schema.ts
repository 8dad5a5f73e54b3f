import { z } from "@hono/zod-openapi";
import type { Check, Role, SecretReference, Site } from "../core/desired.ts";

/** The parsed site file as it travels: the same shape as `Site`, which the compiler compares below. */
const ms = z.number().int().min(0);

const checkTiming = {
  everyMs: ms,
  timeoutMs: ms,
  rise: z.number().int().min(1),
  fall: z.number().int().min(1),
};

const check: z.ZodType<Check> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("http"),
    path: z.string(),
    host: z.string().nullable(),
    ...checkTiming,
  }),
  z.strictObject({ kind: z.literal("tcp"), ...checkTiming }),
  z.strictObject({ kind: z.literal("none") }),
]);

const secretReference: z.ZodType<SecretReference> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("env"), name: z.string() }),
  z.strictObject({ kind: z.literal("file"), path: z.string() }),
]);

const traffic = z.strictObject({
  balance: z.union([
    z.enum(["roundrobin", "leastconn", "first", "random", "source", "uri"]),
    z.templateLiteral(["url_param(", z.string(), ")"]),
    z.templateLiteral(["hdr(", z.string(), ")"]),
  ]),
  weight: z.number().int(),
  stickyCookie: z.string().nullable(),
  limit: z.number().int().nullable(),
  queueTimeoutMs: ms,
  slowStartMs: ms,
  drainMs: ms,
  backupRole: z.string().nullable(),
});

const deploy = z.strictObject({
  batch: z.number().positive(),
  timeoutMs: ms,
  before: z.string().nullable(),
  after: z.string().nullable(),
  errorsMax: z.number(),
  settleMs: ms,
});

const supervision = z.strictObject({
  startGraceMs: ms,
  restartGraceMs: ms,
  memoryBytesMax: z.number().nullable(),
  cpuMax: z.number().nullable(),
  stopTimeoutMs: ms,
});

const provisioning = z.strictObject({
  packages: z.array(z.string()),
  files: z.array(z.strictObject({ path: z.string(), content: z.string(), mode: z.number().int() })),
  setup: z.array(z.string()),
});

const role: z.ZodType<Role> = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  run: z.string().min(1),
  source: z.string(),
  ignore: z.array(z.string()),
  build: z.string().nullable(),
  machines: z.strictObject({ min: z.number().int().min(0), max: z.number().int().min(0) }),
  instances: z.number().int().min(1),
  env: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), secretReference),
  check,
  traffic,
  scaling: z.strictObject({ inFlightPerMachine: z.number().positive(), holdMs: ms }),
  deploy,
  supervision,
  provisioning,
});

const balancer = z.strictObject({
  machines: z.number().int().min(1),
  bind: z.strictObject({ host: z.string(), port: z.number().int().nullable() }),
  connectTimeoutMs: ms,
  clientTimeoutMs: ms,
  serverTimeoutMs: ms,
  keepAliveTimeoutMs: ms,
  maintenancePage: z.string(),
});

export const siteSchema: z.ZodType<Site> = z.strictObject({
  name: z.string().min(1),
  domains: z.array(z.string()),
  provider: z.enum(["local", "netns"]),
  balancer,
  roles: z.array(role).min(1),
  routes: z.array(
    z.strictObject({ host: z.string().nullable(), path: z.string(), role: z.string() }),
  ),
  defaultRole: z.string().nullable(),
});
