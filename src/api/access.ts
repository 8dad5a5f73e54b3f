import type { Context, Next } from "hono";
import { matchedRoutes } from "hono/route";
import { includesRole } from "../core/access/roles.ts";
import type { AccessRole } from "../core/access/roles.ts";
import { LOCAL_NAME } from "../controller/token-book.ts";
import type { Caller } from "../controller/token-book.ts";
import { errorAnswer } from "./answers.ts";
import type { ApiParts } from "./parts.ts";

/**
 * The role each route needs, in OpenAPI's form; the one place that says so. A route that is not here needs
 * `admin`. `plan` changes nothing, but takes the values of secrets, so it is for those who may deploy.
 */
export const routeRoles: Readonly<Record<string, AccessRole>> = {
  "GET /v1/openapi.json": "read",
  "GET /v1/status": "read",
  "GET /v1/events": "read",
  "GET /v1/logs": "read",
  "GET /v1/deploys/{id}": "read",
  "GET /v1/explain/{role}": "read",
  "GET /v1/history": "read",
  "GET /v1/decisions": "read",
  "GET /v1/cost": "read",
  "GET /v1/releases/{id}": "deploy",
  "PUT /v1/releases/{id}": "deploy",
  "PUT /v1/site": "deploy",
  "POST /v1/plan": "deploy",
  "POST /v1/rollback": "deploy",
  "POST /v1/roles/{role}/scale": "deploy",
  "POST /v1/machines/{machine}/{order}": "deploy",
  "PUT /v1/maintenance": "deploy",
  "POST /v1/down": "admin",
  "GET /v1/tokens": "admin",
  "POST /v1/tokens": "admin",
  "DELETE /v1/tokens/{name}": "admin",
  "GET /v1/audit": "admin",
  "GET /v1/drills": "read",
  "GET /v1/drills/{id}": "read",
  "POST /v1/drills/plan": "admin",
  "POST /v1/drills": "admin",
  "POST /v1/drills/{id}/end": "admin",
  "GET /v1/one-offs": "deploy",
  "GET /v1/one-offs/{id}": "deploy",
  "POST /v1/one-offs": "deploy",
  "POST /v1/one-offs/{id}/stop": "deploy",
};

/** Looking, and questions that a POST asks: what changes nothing is not audited when it was allowed. */
const unaudited: ReadonlySet<string> = new Set([
  "POST /v1/plan",
  "POST /v1/drills/plan",
  "GET /v1/releases/{id}",
]);

const callers = new WeakMap<Request, Caller>();

/** Lets the request through, or answers why not; what would change something is put on record either way. */
export async function authorize(
  parts: ApiParts,
  c: Context,
  next: Next,
): Promise<Response | undefined> {
  const given = c.req.header("authorization")?.replace(/^Bearer /i, "") ?? "";
  const caller = given === "" ? null : await parts.tokens.authenticate(given);
  if (caller === null) return refuseStranger(parts, c);
  callers.set(c.req.raw, caller);
  const route = routeOf(c);
  const needs = routeRoles[route] ?? "admin";
  if (!includesRole(caller.role, needs)) {
    const reason = `the token ${caller.name} is for ${caller.role}; this needs ${needs}`;
    await audit(parts, c, `refused: ${reason}`);
    return errorAnswer(c, "forbidden", reason);
  }
  await next();
  const isChange = c.req.method !== "GET" && !unaudited.has(route);
  if (isChange) await audit(parts, c, await outcomeOf(c.res));
  return undefined;
}

/** Who asks, as the event log tells it. What a caller says of itself only counts beside whose token it is. */
export function whoAsks(c: Context): string {
  const said = (c.req.header("x-tidemill-user") ?? "").replace(/[^\w.@ -]/g, "").slice(0, 60);
  const name = callers.get(c.req.raw)?.name;
  if (name === undefined || name === LOCAL_NAME) return said === "" ? "the API" : said;
  return said === "" ? `token ${name}` : `${said} (token ${name})`;
}

async function refuseStranger(parts: ApiParts, c: Context): Promise<Response> {
  const retryAfterMs = parts.failures.count(addressOf(c));
  if (retryAfterMs !== null) {
    c.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
    return errorAnswer(c, "limited", "too many wrong tokens from this address");
  }
  const reason = "the token is missing or wrong";
  await audit(parts, c, `refused: ${reason}`);
  return errorAnswer(c, "unauthorized", reason);
}

async function audit(parts: ApiParts, c: Context, outcome: string): Promise<void> {
  const who = callers.has(c.req.raw) ? whoAsks(c) : "nobody";
  const what = `${c.req.method} ${c.req.path}`.slice(0, 200);
  const at = parts.clock.now();
  await parts.records.addAudit({ at, who, address: addressOf(c), what, outcome });
}

async function outcomeOf(response: Response): Promise<string> {
  if (response.status < 400) return "done";
  const said = (await response
    .clone()
    .json()
    .catch(() => null)) as { readonly error?: { readonly message?: string } } | null;
  return `refused: ${said?.error?.message ?? `status ${response.status}`}`;
}

/** The route that answers, as OpenAPI writes it: `POST /v1/roles/{role}/scale`. */
function routeOf(c: Context): string {
  const paths = matchedRoutes(c)
    .map(({ path }) => path)
    .filter((path) => !path.includes("*"));
  const path = (paths.at(-1) ?? c.req.path).replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
  return `${c.req.method} ${path}`;
}

interface NodeEnvironment {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string } };
}

function addressOf(c: Context): string {
  return (c.env as NodeEnvironment | undefined)?.incoming?.socket.remoteAddress ?? "unknown";
}
