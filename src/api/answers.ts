import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Outcome } from "../core/commands/outcome.ts";
import { errorSchema } from "./contract.ts";
import type { ApiError } from "./contract.ts";

type Code = ApiError["error"]["code"];

const statuses = {
  unauthorized: 401,
  forbidden: 403,
  limited: 429,
  invalid: 422,
  unknown: 404,
  locked: 409,
  refused: 403,
  unavailable: 503,
} as const satisfies Record<Code, number>;

/** Ends a request with an error answer; thrown so that a route's own type is what it answers when all is well. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

/** What went wrong, as every route says it. */
export function errorAnswer(c: Context, code: Code, message: string): Response {
  return c.json({ error: { code, message } } satisfies ApiError, statuses[code]);
}

/** The deploy of a granted wish, if it began one. Throws `ApiFault` for a wish that was not granted. */
export function granted(outcome: Outcome): { readonly deploy: number | null } {
  switch (outcome.kind) {
    case "done":
      return { deploy: outcome.deploy };
    case "refused":
      throw new ApiFault("refused", `${outcome.message} (guard: ${outcome.guard})`);
    case "locked":
      throw new ApiFault("locked", outcome.message);
    case "unknown":
      throw new ApiFault("unknown", outcome.message);
  }
}

/** For the route definitions: what is answered when all is well, */
export const ok = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

/** what is sent, */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

const json = (description: string) => ok(errorSchema, description);

/** and what is answered when it is not. */
export const errorAnswers = {
  401: json("The token is missing or wrong"),
  403: json("The token's role does not suffice, or a guard refused"),
  404: json("No such thing"),
  409: json("A deploy holds the lock"),
  422: json("The request is not valid"),
  429: json("Too many wrong tokens from this address; Retry-After says when to come again"),
  503: json("Something it needs does not answer"),
} as const;
