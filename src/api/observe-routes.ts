import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { describeRules } from "../core/scaling/describe-rules.ts";
import { policyFor } from "../core/scaling/role-policy.ts";
import { summarize } from "../core/scaling/summarize.ts";
import { desiredRoles } from "../core/roles.ts";
import { deployStatus, siteStatus } from "../core/status.ts";
import { ApiFault, errorAnswers, ok } from "./answers.ts";
import {
  deploySchema,
  eventsSchema,
  explanationSchema,
  linesSchema,
  statusSchema,
} from "./contract.ts";
import type { ApiParts } from "./parts.ts";
import { untilNews } from "./until-news.ts";

const LIMIT_MAX = 5000;

const paging = {
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(100),
  waitMs: z.coerce.number().int().min(0).max(30_000).default(0).openapi({
    description: "With nothing to tell yet, wait this long for news before answering",
  }),
};

const statusRoute = createRoute({
  method: "get",
  path: "/v1/status",
  summary: "The site at a glance",
  responses: {
    200: ok(statusSchema, "Roles, machines, the last deploy, problems"),
    ...errorAnswers,
  },
});

const eventsRoute = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "What was done and why, newest first",
  request: { query: z.object({ ...paging, subject: z.string().optional() }) },
  responses: { 200: ok(eventsSchema, "Events"), ...errorAnswers },
});

const logsRoute = createRoute({
  method: "get",
  path: "/v1/logs",
  summary: "The last lines of the site's processes, oldest first",
  request: {
    query: z.object({ ...paging, machine: z.string().optional(), role: z.string().optional() }),
  },
  responses: { 200: ok(linesSchema, "Lines"), ...errorAnswers },
});

const deployRoute = createRoute({
  method: "get",
  path: "/v1/deploys/{id}",
  summary: "One deploy",
  request: { params: z.object({ id: z.coerce.number().int() }) },
  responses: { 200: ok(deploySchema, "The deploy"), ...errorAnswers },
});

const explainRoute = createRoute({
  method: "get",
  path: "/v1/explain/{role}",
  summary: "Why the role has as many machines as it has",
  request: { params: z.object({ role: z.string() }) },
  responses: { 200: ok(explanationSchema, "Inputs, rule and result"), ...errorAnswers },
});

/** Looking, without changing anything. */
export function observeRoutes(parts: ApiParts) {
  const { controller, inventory, logBook, clock } = parts;
  return new OpenAPIHono()
    .openapi(statusRoute, (c) =>
      c.json(siteStatus(controller.observe(), controller.holds(), clock.now()), 200),
    )
    .openapi(eventsRoute, async (c) => {
      const { after, limit, waitMs, subject } = c.req.valid("query");
      const read = () =>
        inventory.events({ after, limit, ...(subject === undefined ? {} : { subject }) });
      const isTold = (events: readonly unknown[]) => events.length > 0;
      const events = await untilNews(read, isTold, (hear) => controller.onTick(hear), {
        waitMs,
        signal: c.req.raw.signal,
      });
      return c.json({ events }, 200);
    })
    .openapi(logsRoute, async (c) => {
      const { after, limit, waitMs, machine, role } = c.req.valid("query");
      const filter = { after, limit, machine: machine ?? null, role: role ?? null };
      const read = () => Promise.resolve(logBook.read(filter));
      const isTold = (lines: readonly unknown[]) => lines.length > 0;
      const lines = await untilNews(read, isTold, (hear) => logBook.onLines(hear), {
        waitMs,
        signal: c.req.raw.signal,
      });
      return c.json({ lines }, 200);
    })
    .openapi(deployRoute, (c) => {
      const { id } = c.req.valid("param");
      const deploy = inventory.state().deploys.get(id);
      if (deploy === undefined) throw new ApiFault("unknown", `there is no deploy ${id}`);
      return c.json(deployStatus(deploy, inventory.state()), 200);
    })
    .openapi(explainRoute, async (c) =>
      c.json(await explain(parts, c.req.valid("param").role), 200),
    );
}

async function explain(parts: ApiParts, name: string): Promise<z.infer<typeof explanationSchema>> {
  const { controller, inventory, clock } = parts;
  const observed = controller.observe();
  const role = desiredRoles(observed.inventory, clock.now()).find((r) => r.name === name);
  if (!role?.role) throw new ApiFault("unknown", `there is no role ${name}`);
  const { min, max, target } = role;
  const decision = observed.scaling.get(name);
  const machines = decision?.isActing === true ? decision.desired : target;
  return {
    role: name,
    target,
    min,
    max,
    decision: {
      kind: machines === target ? "hold" : "resize",
      machines,
      reason: !decision?.reasons.length ? "nothing is decided yet" : summarize(decision),
    },
    steps: decision?.reasons ?? [],
    near: decision?.near ?? null,
    rule: describeRules(policyFor(role.role, { min, max }).rules),
    inputs: (observed.load.get(name) ?? []).slice(-30),
    history: await inventory.events({ subject: name, limit: 20 }),
  };
}
