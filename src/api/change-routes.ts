import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { applySite, rollBack } from "../core/commands/apply-site.ts";
import type { SiteOrder } from "../core/commands/apply-site.ts";
import { orderMachine } from "../core/commands/machine.ts";
import { preview } from "../core/commands/preview.ts";
import { scaleRole } from "../core/commands/scale.ts";
import type { ScaleOrder } from "../core/commands/scale.ts";
import { setMaintenance, takeDown } from "../core/commands/site-switches.ts";
import { orderFrom } from "../controller/site-order.ts";
import { whoAsks } from "./access.ts";
import { ApiFault, body, errorAnswers, granted, ok } from "./answers.ts";
import { doneSchema, previewSchema, scaleSchema, wishSchema } from "./contract.ts";
import type { ScaleBody, WishBody } from "./contract.ts";
import type { ApiParts } from "./parts.ts";

const done = ok(doneSchema, "On record; the controller carries it out");

const siteRoute = createRoute({
  method: "put",
  path: "/v1/site",
  summary: "Make the site as the site file says; deploys what changed",
  request: body(wishSchema),
  responses: { 200: done, ...errorAnswers },
});

const planRoute = createRoute({
  method: "post",
  path: "/v1/plan",
  summary: "What applying the site file would do; changes nothing",
  request: body(wishSchema),
  responses: {
    200: ok(previewSchema, "The deploys and the first steps, with reasons"),
    ...errorAnswers,
  },
});

const rollbackRoute = createRoute({
  method: "post",
  path: "/v1/rollback",
  summary: "Go back to what ran before the last deploy",
  responses: { 200: done, ...errorAnswers },
});

const scaleRoute = createRoute({
  method: "post",
  path: "/v1/roles/{role}/scale",
  summary: "Set or pin the number of machines, or leave it to the load",
  request: { params: z.object({ role: z.string() }), ...body(scaleSchema) },
  responses: { 200: done, ...errorAnswers },
});

const machineRoute = createRoute({
  method: "post",
  path: "/v1/machines/{machine}/{order}",
  summary: "Drain, undrain, replace or remove a machine",
  request: {
    params: z.object({
      machine: z.string(),
      order: z.enum(["drain", "undrain", "replace", "remove"]),
    }),
  },
  responses: { 200: done, ...errorAnswers },
});

const maintenanceRoute = createRoute({
  method: "put",
  path: "/v1/maintenance",
  summary: "Show every visitor the maintenance page, or the site again",
  request: body(z.strictObject({ isOn: z.boolean() })),
  responses: { 200: done, ...errorAnswers },
});

const downRoute = createRoute({
  method: "post",
  path: "/v1/down",
  summary: "Give every machine back",
  responses: { 200: done, ...errorAnswers },
});

/** Everything an operator may wish. Decided in core, committed by the controller, carried out by its loop. */
export function changeRoutes(parts: ApiParts) {
  const { controller, clock } = parts;
  return new OpenAPIHono()
    .openapi(siteRoute, async (c) => {
      const order = await orderOf(parts, c.req.valid("json"), whoAsks(c));
      const outcome = await controller.execute((seen, now) => applySite(seen, order, now));
      return c.json(granted(outcome), 200);
    })
    .openapi(planRoute, async (c) => {
      const order = await orderOf(parts, c.req.valid("json"), whoAsks(c));
      const observed = controller.observe();
      const now = clock.now();
      const outcome = applySite(observed, order, now);
      granted(outcome);
      return c.json(preview(observed, outcome, now), 200);
    })
    .openapi(rollbackRoute, async (c) => {
      const outcome = await controller.execute((seen, now) => rollBack(seen, whoAsks(c), now));
      return c.json(granted(outcome), 200);
    })
    .openapi(scaleRoute, async (c) => {
      const wish = c.req.valid("json");
      const { role } = c.req.valid("param");
      const outcome = await controller.execute(({ inventory }, now) =>
        scaleRole(inventory, role, scaleOrder(wish, now), whoAsks(c), now),
      );
      return c.json(granted(outcome), 200);
    })
    .openapi(machineRoute, async (c) => {
      const { machine, order } = c.req.valid("param");
      const outcome = await controller.execute(({ inventory }, now) =>
        orderMachine(inventory, machine, order, whoAsks(c), now),
      );
      return c.json(granted(outcome), 200);
    })
    .openapi(maintenanceRoute, async (c) => {
      const { isOn } = c.req.valid("json");
      const outcome = await controller.execute(({ inventory }) =>
        setMaintenance(inventory, isOn, whoAsks(c)),
      );
      return c.json(granted(outcome), 200);
    })
    .openapi(downRoute, async (c) => {
      const outcome = await controller.execute(({ inventory }, now) =>
        takeDown(inventory, whoAsks(c), now),
      );
      return c.json(granted(outcome), 200);
    });
}

function scaleOrder(wish: ScaleBody, now: number): ScaleOrder {
  if (wish.kind !== "pin") return wish;
  const until = wish.forMs === null ? null : now + wish.forMs;
  return { kind: "pin", machines: wish.machines, until };
}

async function orderOf(parts: ApiParts, wish: WishBody, who: string): Promise<SiteOrder> {
  const { clock, seal } = parts;
  const objection = parts.objectionTo(wish.site.provider);
  if (objection !== null) throw new ApiFault("refused", objection);
  const state = parts.inventory.state();
  const { bind } = wish.site.balancer;
  const balancerPort =
    bind.port ?? state.settings.balancerPort ?? (await parts.chooseBalancerPort(bind.host));
  const result = orderFrom(state, { ...wish, by: who }, { seal, balancerPort }, clock.now());
  if (result.kind === "incomplete") throw new ApiFault("invalid", result.message);
  return result.order;
}
