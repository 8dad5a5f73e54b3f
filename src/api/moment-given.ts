import { z } from "@hono/zod-openapi";

/** A time in a request, as milliseconds. */
export const momentGiven = z
  .string()
  .max(40)
  .transform((text, context) => {
    const ms = /^\d{1,16}$/.test(text) ? Number(text) : Date.parse(text);
    if (Number.isFinite(ms)) return ms;
    context.addIssue("expected a time such as 2026-11-21T20:00:00Z, or milliseconds since 1970");
    return z.NEVER;
  })
  .openapi({ type: "string", example: "2026-11-21T20:00:00Z" });
