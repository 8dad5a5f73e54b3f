import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { beginOneOff, decideOneOff, stopOneOff } from "../core/one-offs/order.ts";
import type { OneOffRecord } from "../core/one-offs/record.ts";
import { oneOffTaskId } from "../core/one-offs/record.ts";
import { whoAsks } from "./access.ts";
import { ApiFault, body, errorAnswers, granted, ok } from "./answers.ts";
import type { ApiParts } from "./parts.ts";

const DAY_MS = 86_400_000;
const COMMAND_CHARS_MAX = 10_000;

export const oneOffWishSchema = z
  .strictObject({
    where: z.string().min(1).max(100),
    run: z.string().min(1).max(COMMAND_CHARS_MAX),
    timeoutMs: z.number().int().min(1_000).max(DAY_MS),
  })
  .openapi("OneOffWish", { description: "A shell command; `where` is a role or a machine" });

export const oneOffSchema = z
  .object({
    id: z.number(),
    by: z.string(),
    role: z.string(),
    machine: z.string(),
    run: z.string(),
    timeoutMs: z.number(),
    state: z.enum(["running", "done", "failed", "stopped"]),
    exitCode: z.number().nullable(),
    lastLines: z.array(z.string()).readonly(),
    startedAt: z.number(),
    finishedAt: z.number().nullable(),
    process: z.string().openapi({ description: "Whose lines in the logs are its own" }),
  })
  .openapi("OneOff");

const id = z.object({ id: z.coerce.number().int() });

const listRoute = createRoute({
  method: "get",
  path: "/v1/one-offs",
  summary: "The commands that were run once, newest first",
  responses: {
    200: ok(z.object({ oneOffs: z.array(oneOffSchema).readonly() }), "Commands"),
    ...errorAnswers,
  },
});

const oneRoute = createRoute({
  method: "get",
  path: "/v1/one-offs/{id}",
  summary: "One of them",
  request: { params: id },
  responses: { 200: ok(oneOffSchema, "The command"), ...errorAnswers },
});

const beginRoute = createRoute({
  method: "post",
  path: "/v1/one-offs",
  summary: "Run a command once, in the release and environment of a role",
  request: body(oneOffWishSchema),
  responses: { 200: ok(oneOffSchema, "The command, on its way"), ...errorAnswers },
});

const stopRoute = createRoute({
  method: "post",
  path: "/v1/one-offs/{id}/stop",
  summary: "End a command that runs",
  request: { params: id },
  responses: { 200: ok(oneOffSchema, "The command that was stopped"), ...errorAnswers },
});

/** Commands that run once on a machine. */
export function oneOffRoutes({ controller, inventory }: ApiParts) {
  const shownNow = (id: number): Shown => {
    const oneOff = inventory.state().oneOffs.get(id);
    if (oneOff === undefined) throw new ApiFault("unknown", `there is no run ${id}`);
    return shown(oneOff);
  };
  return new OpenAPIHono()
    .openapi(listRoute, (c) => {
      const all = [...inventory.state().oneOffs.values()].toSorted((a, b) => b.id - a.id);
      return c.json({ oneOffs: all.map(shown) }, 200);
    })
    .openapi(oneRoute, (c) => c.json(shownNow(c.req.valid("param").id), 200))
    .openapi(beginRoute, async (c) => {
      const wish = { ...c.req.valid("json"), by: whoAsks(c) };
      let begun = 0;
      const outcome = await controller.execute((observed, now) => {
        const decision = decideOneOff(observed, wish, now);
        if (decision.kind !== "go") return decision;
        begun = decision.record.id;
        return beginOneOff(decision.record);
      });
      granted(outcome);
      return c.json(shownNow(begun), 200);
    })
    .openapi(stopRoute, async (c) => {
      const { id } = c.req.valid("param");
      granted(await controller.execute((seen, now) => stopOneOff(seen, id, whoAsks(c), now)));
      return c.json(shownNow(id), 200);
    });
}

type Shown = z.infer<typeof oneOffSchema>;

function shown({ revision: _revision, ...rest }: OneOffRecord): Shown {
  return { ...rest, process: `${rest.machine}.task-${oneOffTaskId(rest.id)}` };
}
