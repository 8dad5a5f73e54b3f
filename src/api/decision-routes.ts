import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { KeptDecision } from "../core/scaling/decision-record.ts";
import { ApiFault, errorAnswers, ok } from "./answers.ts";
import { decisionsSchema } from "./contract.ts";
import { momentGiven } from "./moment-given.ts";
import type { ApiParts } from "./parts.ts";

const LIMIT_MAX = 500;

const decisionsRoute = createRoute({
  method: "get",
  path: "/v1/decisions",
  summary: "What was decided about the number of machines and why, newest first",
  request: {
    query: z.object({
      role: z.string().optional(),
      from: momentGiven.optional(),
      to: momentGiven.optional().openapi({ description: "Not this moment itself" }),
      before: z.coerce.number().int().positive().optional().openapi({
        description: "Only those with a lower number: `next` of the page before",
      }),
      limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(100),
    }),
  },
  responses: { 200: ok(decisionsSchema, "Decisions"), ...errorAnswers },
});

/** The site's memory of what it decided. */
export function decisionRoutes({ inventory }: ApiParts) {
  return new OpenAPIHono().openapi(decisionsRoute, async (c) => {
    const { role, from = 0, to = Number.MAX_SAFE_INTEGER, before, limit } = c.req.valid("query");
    const found = await inventory.decisions({
      from,
      to,
      limit: limit + 1,
      ...(role === undefined ? {} : { role }),
      ...(before === undefined ? {} : { before }),
    });
    const isKnown = role === undefined || found.length > 0 || inventory.state().roles.has(role);
    if (!isKnown) throw new ApiFault("unknown", `there is no role ${role}`);
    const page = found.slice(0, limit);
    const next = found.length > limit ? (page.at(-1)?.number ?? null) : null;
    return c.json({ decisions: page.map(shown), next }, 200);
  });
}

function shown({ reasons, ...decision }: KeptDecision) {
  return { ...decision, steps: reasons };
}
