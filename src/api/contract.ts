import { z } from "@hono/zod-openapi";
import { siteSchema } from "./site-schema.ts";

/** What the API takes and gives. The CLI and the server share these types; OpenAPI is made from them. */
export const errorSchema = z
  .object({
    error: z.object({
      code: z.enum([
        "unauthorized",
        "forbidden",
        "limited",
        "invalid",
        "unknown",
        "locked",
        "refused",
        "unavailable",
      ]),
      message: z.string().openapi({ example: "deploy 12, begun by ada, is running" }),
    }),
  })
  .openapi("Error");

export type ApiError = z.infer<typeof errorSchema>;

export const wishSchema = z
  .strictObject({
    site: siteSchema,
    secrets: z.record(z.string(), z.record(z.string(), z.string())),
    releases: z.record(z.string(), z.string()),
    kind: z.enum(["deploy", "settings"]),
  })
  .openapi("SiteWish");

export type WishBody = z.infer<typeof wishSchema>;

export const releaseSchema = z
  .strictObject({
    archiveSha256: z.string().regex(/^[0-9a-f]{64}$/),
    bytes: z.coerce.number().int().positive(),
    files: z.coerce.number().int().min(0),
    origin: z.string().max(500),
  })
  .openapi("Release");

export const scaleSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("set"), machines: z.number().int().min(0) }),
    z.strictObject({
      kind: z.literal("pin"),
      machines: z.number().int().min(0),
      forMs: z.number().int().positive().nullable(),
    }),
    z.strictObject({ kind: z.literal("auto") }),
  ])
  .openapi("Scale");

export type ScaleBody = z.infer<typeof scaleSchema>;

export const doneSchema = z
  .object({ deploy: z.number().int().nullable().openapi({ description: "A deploy to wait for" }) })
  .openapi("Done");

const latency = {
  requestsPerSecond: z.number(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  inFlight: z.number(),
  queue: z.number(),
};

const failure = z
  .object({
    machine: z.string().nullable(),
    message: z.string(),
    lastLines: z.array(z.string()).readonly(),
  })
  .nullable();

export const deploySchema = z
  .object({
    id: z.number(),
    state: z.enum(["running", "reverting", "done", "reverted", "failed"]),
    kind: z.enum(["deploy", "rollback", "settings"]),
    by: z.string(),
    startedAt: z.number(),
    finishedAt: z.number().nullable(),
    roles: z
      .array(
        z.object({
          role: z.string(),
          from: z.string().nullable(),
          to: z.string(),
          release: z.string().nullable(),
        }),
      )
      .readonly(),
    requests: z.number().nullable(),
    failed: z.number().nullable(),
    failure,
  })
  .openapi("Deploy");

export const statusSchema = z
  .object({
    schema: z.literal(1),
    at: z.number(),
    site: z.string().nullable(),
    phase: z.enum(["up", "down"]),
    isMaintenanceOn: z.boolean(),
    url: z.string().nullable(),
    deploy: deploySchema.nullable(),
    roles: z
      .array(
        z.object({
          role: z.string(),
          min: z.number(),
          max: z.number(),
          target: z.number(),
          reason: z.string(),
          pinnedUntil: z.union([z.number(), z.literal("auto")]).nullable(),
          machines: z.number(),
          serving: z.number(),
          release: z.string().nullable(),
          ...latency,
        }),
      )
      .readonly(),
    machines: z
      .array(
        z.object({
          machine: z.string(),
          role: z.string(),
          release: z.string().nullable(),
          state: z.enum([
            "launching",
            "booting",
            "registered",
            "serving",
            "silent",
            "draining",
            "drained",
            "terminating",
          ]),
          address: z.string().nullable(),
          endpoints: z.array(z.string()).readonly(),
          ...latency,
          responses4xx: z.number(),
          responses5xx: z.number(),
          cpu: z.number().nullable(),
          memoryBytes: z.number().nullable(),
          ageMs: z.number(),
          problem: z.string().nullable(),
          lastLines: z.array(z.string()).readonly(),
        }),
      )
      .readonly(),
    problems: z.array(z.string()).readonly(),
    waiting: z.array(z.object({ subject: z.string(), reason: z.string() })).readonly(),
  })
  .openapi("Status");

export const eventsSchema = z
  .object({
    events: z
      .array(
        z.object({
          number: z.number(),
          at: z.number(),
          kind: z.string(),
          subject: z.string(),
          reason: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi("Events");

export const linesSchema = z
  .object({
    lines: z
      .array(
        z.object({
          number: z.number(),
          at: z.number(),
          machine: z.string(),
          process: z.string(),
          text: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi("Lines");

export const previewSchema = z
  .object({
    deploys: z
      .array(z.object({ role: z.string(), from: z.string().nullable(), to: z.string() }))
      .readonly(),
    steps: z
      .array(z.object({ kind: z.string(), subject: z.string(), reason: z.string() }))
      .readonly(),
  })
  .openapi("Preview");

const steps = z
  .array(
    z.object({
      step: z.string(),
      rule: z.string().nullable(),
      operation: z.enum(["at least", "at most"]),
      amount: z.number(),
      before: z.number(),
      after: z.number(),
      sentence: z.string(),
    }),
  )
  .readonly();

export const explanationSchema = z
  .object({
    role: z.string(),
    target: z.number(),
    min: z.number(),
    max: z.number(),
    decision: z.object({
      kind: z.enum(["hold", "resize"]),
      machines: z.number(),
      reason: z.string(),
    }),
    steps,
    near: z.string().nullable(),
    rule: z.string(),
    inputs: z
      .array(
        z.object({
          at: z.number(),
          inFlight: z.number(),
          queue: z.number(),
          requestsPerSecond: z.number(),
          serversUp: z.number(),
        }),
      )
      .readonly(),
    history: eventsSchema.shape.events,
  })
  .openapi("Explanation");

export const decisionsSchema = z
  .object({
    decisions: z
      .array(
        z.object({
          number: z.number(),
          role: z.string(),
          at: z.number(),
          from: z.number().openapi({ description: "Machines wanted before" }),
          to: z.number().openapi({ description: "Machines wanted from then on" }),
          by: z.enum(["rules", "pin", "site file", "shadow"]).openapi({
            description: "Who said so; `shadow`: rules that only watch",
          }),
          wanted: z.number().openapi({ description: "What the rules or the aim wanted" }),
          sentence: z.string(),
          steps,
          near: z.string().nullable().openapi({ description: "What would have changed it" }),
          inputs: z.object({
            arrivals: z.number().nullable().openapi({ description: "Requests a second" }),
            inFlight: z.number().nullable(),
            queue: z.number().nullable(),
            ready: z.number().openapi({ description: "Machines that serve" }),
            booting: z.number(),
            serviceS: z.number().nullable().openapi({
              description: "Seconds a machine works on a request, as the aim has learned",
            }),
            margin: z.number().nullable().openapi({
              description: "The share of room that the aim keeps beyond the load",
            }),
          }),
        }),
      )
      .readonly(),
    next: z.number().nullable().openapi({
      description: "`before` of the next page; null at the end",
    }),
  })
  .openapi("Decisions");
