import { Readable } from "node:stream";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { Failure } from "../ports/failure.ts";
import { ApiFault, errorAnswers, ok } from "./answers.ts";
import { releaseSchema } from "./contract.ts";
import type { ApiParts } from "./parts.ts";

const UPLOAD_MS = 600_000;

const presenceSchema = z.object({ isHere: z.boolean() });
const id = z.object({ id: z.string().regex(/^[0-9a-f]{7,64}$/) });

const hasRoute = createRoute({
  method: "get",
  path: "/v1/releases/{id}",
  summary: "Whether a release is here already, so that it need not be sent",
  request: { params: id },
  responses: {
    200: ok(presenceSchema, "Whether it is here"),
    ...errorAnswers,
  },
});

const putRoute = createRoute({
  method: "put",
  path: "/v1/releases/{id}",
  summary: "Send a release: a gzipped tar archive",
  request: { params: id, query: releaseSchema },
  responses: {
    200: ok(presenceSchema, "Kept"),
    ...errorAnswers,
  },
});

/** Releases in, from people; the agents fetch them by `agentReleases`. */
export function releaseRoutes(parts: ApiParts) {
  const { releases, inventory, controller, clock } = parts;
  return new OpenAPIHono()
    .openapi(hasRoute, async (c) => {
      const release = c.req.valid("param").id;
      const isHere = inventory.state().releases.has(release) && (await releases.has(release));
      return c.json({ isHere }, 200);
    })
    .openapi(putRoute, async (c) => {
      const release = c.req.valid("param").id;
      const sent = c.req.valid("query");
      const { body } = c.req.raw;
      if (body === null) throw new ApiFault("invalid", "the archive is missing");
      const reference = { id: release, archiveSha256: sent.archiveSha256, bytes: sent.bytes };
      try {
        const archive = Readable.fromWeb(body);
        await releases.put(reference, archive, AbortSignal.timeout(UPLOAD_MS));
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        throw new ApiFault(cause.code === "rejected" ? "invalid" : "unavailable", cause.message);
      }
      const { files, origin } = sent;
      const record = { ...reference, files, origin, createdAt: clock.now() };
      await controller.record([{ kind: "release", release: record }]);
      return c.json({ isHere: true }, 200);
    });
}
