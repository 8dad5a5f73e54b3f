import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { DrillDecision, DrillWish } from "../core/drills/decide.ts";
import { describeFault } from "../core/drills/decide.ts";
import { describeDrill, milestoneTimes } from "../core/drills/judge.ts";
import { drillKinds } from "../core/drills/record.ts";
import type { DrillRecord } from "../core/drills/record.ts";
import { whoAsks } from "./access.ts";
import { ApiFault, body, errorAnswers, granted, ok } from "./answers.ts";
import type { ApiParts } from "./parts.ts";

const HOUR_MS = 3_600_000;
const LIMIT_MAX = 500;
const ms = z.number().int().min(1).max(HOUR_MS);

const goalSchema = z
  .strictObject({
    failedMax: z.number().int().min(0).nullable(),
    detectedMs: ms.nullable(),
    replacedMs: ms.nullable(),
    capacityMs: ms.nullable(),
  })
  .openapi("DrillGoal", { description: "What must come out; null is told and not judged" });

export const drillWishSchema = z
  .strictObject({
    kind: z.enum(drillKinds),
    role: z.string().max(100).nullable(),
    goal: goalSchema,
    cutMs: ms,
    limitMs: ms,
    startsController: z.boolean(),
  })
  .openapi("DrillWish");

const count = { requests: z.number().int().min(0), failed: z.number().int().min(0) };

const probesSchema = z.strictObject({
  ...count,
  outageMs: z.number().int().min(0),
  slowestMs: z.number().int().min(0),
  firstFailure: z.string().max(300).nullable(),
});

export const drillEndSchema = z
  .strictObject({
    probes: probesSchema.nullable(),
    stopped: z.string().min(1).max(300).nullable(),
  })
  .openapi("DrillEnd");

export const drillSchema = z
  .object({
    id: z.number(),
    kind: z.enum(drillKinds),
    state: z.enum(["running", "passed", "missed", "stopped"]),
    by: z.string(),
    role: z.string(),
    machine: z.string().nullable(),
    successor: z.enum(["standby", "starter"]).nullable(),
    startedAt: z.number(),
    finishedAt: z.number().nullable(),
    detectedMs: z.number().nullable(),
    replacedMs: z.number().nullable(),
    capacityMs: z.number().nullable(),
    cutMs: z.number().nullable(),
    reconnectedMs: z.number().nullable(),
    limitMs: z.number(),
    goal: goalSchema,
    probes: probesSchema.nullable(),
    balancer: z.object(count).nullable(),
    shortfalls: z.array(z.string()).readonly(),
    sentence: z.string(),
  })
  .openapi("Drill");

export const drillPlanSchema = z
  .object({
    kind: z.enum(drillKinds),
    role: z.string(),
    machine: z.string().nullable(),
    successor: z.enum(["standby", "starter"]).nullable(),
    sentence: z.string(),
  })
  .openapi("DrillPlan");

const id = z.object({ id: z.coerce.number().int() });

const listRoute = createRoute({
  method: "get",
  path: "/v1/drills",
  summary: "The drills, newest first",
  request: {
    query: z.object({ limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(50) }),
  },
  responses: {
    200: ok(z.object({ drills: z.array(drillSchema).readonly() }), "Drills"),
    ...errorAnswers,
  },
});

const oneRoute = createRoute({
  method: "get",
  path: "/v1/drills/{id}",
  summary: "One drill",
  request: { params: id },
  responses: { 200: ok(drillSchema, "The drill"), ...errorAnswers },
});

const planRoute = createRoute({
  method: "post",
  path: "/v1/drills/plan",
  summary: "What a drill would do, or why the site could not survive it; changes nothing",
  request: body(drillWishSchema),
  responses: { 200: ok(drillPlanSchema, "What would be done"), ...errorAnswers },
});

const beginRoute = createRoute({
  method: "post",
  path: "/v1/drills",
  summary: "Make the fault, on the running site",
  request: body(drillWishSchema),
  responses: { 200: ok(drillSchema, "The drill that runs"), ...errorAnswers },
});

const endRoute = createRoute({
  method: "post",
  path: "/v1/drills/{id}/end",
  summary: "End a drill: put back what it changed, and hold what came of it against its goal",
  request: { params: id, ...body(drillEndSchema) },
  responses: { 200: ok(drillSchema, "The drill that is over"), ...errorAnswers },
});

/** Faults made on purpose, and what came of them. */
export function drillRoutes(parts: ApiParts) {
  const { drills, inventory } = parts;
  return new OpenAPIHono()
    .openapi(listRoute, (c) => {
      const all = [...inventory.state().drills.values()].toSorted((a, b) => b.id - a.id);
      return c.json({ drills: all.slice(0, c.req.valid("query").limit).map(shown) }, 200);
    })
    .openapi(oneRoute, (c) => {
      const drill = inventory.state().drills.get(c.req.valid("param").id);
      if (drill === undefined) throw new ApiFault("unknown", "there is no such drill");
      return c.json(shown(drill), 200);
    })
    .openapi(planRoute, (c) => {
      const drill = goAhead(drills.rehearse(wishOf(c.req.valid("json"), whoAsks(c))));
      const { kind, role, machine, successor } = drill;
      return c.json({ kind, role, machine, successor, sentence: describeFault(drill) }, 200);
    })
    .openapi(beginRoute, async (c) => {
      const wish = wishOf(c.req.valid("json"), whoAsks(c));
      return c.json(shown(goAhead(await drills.begin(wish))), 200);
    })
    .openapi(endRoute, async (c) => {
      const drill = await drills.end(c.req.valid("param").id, c.req.valid("json"));
      if (drill === null) throw new ApiFault("unknown", "no such drill runs");
      return c.json(shown(drill), 200);
    });
}

function wishOf(wish: z.infer<typeof drillWishSchema>, by: string): DrillWish {
  return { ...wish, by };
}

function goAhead(decision: DrillDecision): DrillRecord {
  if (decision.kind === "go") return decision.drill;
  granted(decision);
  throw new ApiFault("unknown", "the drill was not granted");
}

/** Without what only the core needs. */
function shown(drill: DrillRecord): z.infer<typeof drillSchema> {
  const { before: _before, milestones: _milestones, ...rest } = drill;
  return { ...rest, ...milestoneTimes(drill), sentence: describeDrill(drill) };
}
