import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { accessRoles } from "../core/access/roles.ts";
import { whoAsks } from "./access.ts";
import { ApiFault, body, errorAnswers, ok } from "./answers.ts";
import type { ApiParts } from "./parts.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,40}$/);
const lifeMsMax = 10 * 365 * 86_400_000;

export const tokensSchema = z
  .object({
    tokens: z
      .array(
        z.object({
          name: z.string(),
          role: z.enum(accessRoles),
          createdBy: z.string(),
          createdAt: z.number(),
          expiresAt: z.number().nullable(),
          revokedAt: z.number().nullable(),
        }),
      )
      .readonly(),
  })
  .openapi("Tokens");

export const auditSchema = z
  .object({
    entries: z
      .array(
        z.object({
          number: z.number(),
          at: z.number(),
          who: z.string(),
          address: z.string(),
          what: z.string(),
          outcome: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi("Audit");

export const tokenWishSchema = z
  .strictObject({
    name,
    role: z.enum(accessRoles),
    lifeMs: z.number().int().positive().max(lifeMsMax).nullable(),
  })
  .openapi("TokenWish");

const listRoute = createRoute({
  method: "get",
  path: "/v1/tokens",
  summary: "The tokens by name and role; their values are not kept",
  responses: { 200: ok(tokensSchema, "Tokens"), ...errorAnswers },
});

const createTokenRoute = createRoute({
  method: "post",
  path: "/v1/tokens",
  summary: "Make a token; it is shown this once",
  request: body(tokenWishSchema),
  responses: {
    200: ok(z.object({ token: z.string() }), "The token"),
    ...errorAnswers,
  },
});

const revokeRoute = createRoute({
  method: "delete",
  path: "/v1/tokens/{name}",
  summary: "Revoke a token, at once",
  request: { params: z.object({ name }) },
  responses: { 200: ok(z.object({ isRevoked: z.boolean() }), "Revoked"), ...errorAnswers },
});

const auditRoute = createRoute({
  method: "get",
  path: "/v1/audit",
  summary: "Who changed, or tried to change, what; newest first",
  request: {
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(5_000).default(100),
    }),
  },
  responses: { 200: ok(auditSchema, "Entries"), ...errorAnswers },
});

/** Who may do what, and who did. */
export function accessRoutes(parts: ApiParts) {
  const { tokens, records } = parts;
  return new OpenAPIHono()
    .openapi(listRoute, async (c) => {
      const shown = (await tokens.list()).map(({ hash: _hash, ...rest }) => rest);
      return c.json({ tokens: shown }, 200);
    })
    .openapi(createTokenRoute, async (c) => {
      const wish = c.req.valid("json");
      const token = await tokens.create({ ...wish, by: whoAsks(c) });
      if (token === null) throw new ApiFault("invalid", `there is a token ${wish.name} already`);
      return c.json({ token }, 200);
    })
    .openapi(revokeRoute, async (c) => {
      const { name } = c.req.valid("param");
      const isRevoked = await tokens.revoke(name);
      if (!isRevoked) throw new ApiFault("unknown", `there is no token ${name} in force`);
      return c.json({ isRevoked }, 200);
    })
    .openapi(auditRoute, async (c) =>
      c.json({ entries: await records.audit(c.req.valid("query")) }, 200),
    );
}
