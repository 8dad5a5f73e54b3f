import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, Next } from "hono";
import { Failure } from "../ports/failure.ts";
import { authorize } from "./access.ts";
import { accessRoutes } from "./access-routes.ts";
import { ApiFault, errorAnswer } from "./answers.ts";
import { changeRoutes } from "./change-routes.ts";
import { costRoutes } from "./cost-routes.ts";
import { decisionRoutes } from "./decision-routes.ts";
import { drillRoutes } from "./drill-routes.ts";
import { historyRoutes } from "./history-routes.ts";
import { oneOffRoutes } from "./one-off-routes.ts";
import { observeRoutes } from "./observe-routes.ts";
import type { ApiParts } from "./parts.ts";
import { releaseRoutes } from "./release-routes.ts";

/** The HTTP API. Everything but the version needs a token; which one, `access.ts` says. */
export function createApi(parts: ApiParts) {
  const app = new OpenAPIHono({ defaultHook: invalidAnswer });
  app.onError(answerError);
  app.notFound((c) => errorAnswer(c, "unknown", `there is no ${c.req.method} ${c.req.path}`));
  app.get("/v1/version", (c) => c.json({ version: parts.version, pid: process.pid }));
  app.use("/v1/*", (c, next) => authorize(parts, c, next));
  app.use("/v1/*", (c, next) => refuseLargeBody(c, next));
  app.get("/v1/openapi.json", (c) => c.json(openApiDocument(app, parts.version)));
  return app
    .route("/", observeRoutes(parts))
    .route("/", historyRoutes(parts))
    .route("/", decisionRoutes(parts))
    .route("/", costRoutes(parts))
    .route("/", changeRoutes(parts))
    .route("/", releaseRoutes(parts))
    .route("/", accessRoutes(parts))
    .route("/", drillRoutes(parts))
    .route("/", oneOffRoutes(parts));
}

/** A site with all its files and its maintenance page; what is larger would only fill the memory. */
const bodyBytesMax = 16 * 1024 * 1024;

/** Judged by the length that is told: a body whose end nobody knows is not begun. */
async function refuseLargeBody(c: Context, next: Next): Promise<Response | undefined> {
  if (!isUpload(c)) {
    if (c.req.header("transfer-encoding") !== undefined) {
      return errorAnswer(c, "invalid", "the body's length is missing: send content-length");
    }
    if (!(Number(c.req.header("content-length") ?? 0) <= bodyBytesMax)) {
      return errorAnswer(c, "invalid", `the body is larger than ${bodyBytesMax} bytes`);
    }
  }
  await next();
  return undefined;
}

/** Releases go to the disk as they come, as many bytes as were named. */
function isUpload(c: Context): boolean {
  return c.req.method === "PUT" && c.req.path.startsWith("/v1/releases/");
}

function openApiDocument(app: OpenAPIHono, version: string): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Tidemill", version, description: "One site, run by one controller." },
  });
}

function invalidAnswer(
  result: { success: boolean; error?: { issues: readonly Issue[] } },
  c: Context,
) {
  if (result.success) return undefined;
  const said = (result.error?.issues ?? []).map(
    (issue) => `${issue.path.map(String).join(".") || "body"}: ${issue.message}`,
  );
  return errorAnswer(c, "invalid", said.join("; "));
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function answerError(error: Error, c: Context): Response {
  if (error instanceof ApiFault) return errorAnswer(c, error.code, error.message);
  if (error instanceof Failure) return errorAnswer(c, "unavailable", error.message);
  if (error instanceof SyntaxError) return errorAnswer(c, "invalid", "the body is not JSON");
  const status = "status" in error && typeof error.status === "number" ? error.status : 500;
  if (status < 500) return errorAnswer(c, "invalid", error.message);
  throw error;
}
