import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { fiveMinutesOf } from "../core/history/arrivals.ts";
import type { ArrivalsRecord } from "../core/history/arrivals.ts";
import { ApiFault, errorAnswers } from "./answers.ts";
import { momentGiven } from "./moment-given.ts";
import type { ApiParts } from "./parts.ts";

/** A page: a day of five minutes each, 86,400 seconds. */
const LIMIT_MAX = 288;
/** Times of the database have no more digits. */
const END_S = 8_640_000_000_000;

const historySchema = z
  .object({
    role: z.string(),
    fiveMinutes: z.array(
      z.object({
        at: z.number().openapi({ description: "When they began" }),
        mean: z.number().openapi({ description: "Requests a second" }),
        known: z.number().openapi({ description: "How many of their seconds are known" }),
        rates: z.array(z.number().nullable()).readonly().optional(),
      }),
    ),
    next: z
      .number()
      .nullable()
      .openapi({ description: "`from` of the next page; null at the end" }),
  })
  .openapi("History");

export type History = z.infer<typeof historySchema>;

const historyRoute = createRoute({
  method: "get",
  path: "/v1/history",
  summary: "Requests that came for a role, as the site remembers them, oldest first",
  request: {
    query: z.object({
      role: z.string(),
      from: momentGiven.optional(),
      to: momentGiven.optional(),
      step: z.enum(["1", "300"]).default("1").openapi({
        description: "Seconds: each one, or the means of five minutes",
      }),
      limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_MAX).openapi({
        description: "How many times five minutes",
      }),
      format: z.enum(["json", "csv"]).default("json").openapi({
        description: "`csv`: lines of `timestamp,rps`; the header `link` names the next page",
      }),
    }),
  },
  responses: {
    200: {
      description: "What came",
      content: {
        "application/json": { schema: historySchema },
        "text/csv": { schema: z.string() },
      },
    },
    ...errorAnswers,
  },
});

/** The site's memory of its traffic. */
export function historyRoutes({ inventory }: ApiParts) {
  return new OpenAPIHono().openapi(historyRoute, async (c) => {
    const { role, from, to, step, limit, format } = c.req.valid("query");
    const fromS = fiveMinutesOf(Math.floor((from ?? 0) / 1_000));
    const filter = { role, fromS, toS: Math.ceil((to ?? END_S * 1_000) / 1_000) };
    const records = await inventory.arrivals({ ...filter, limit: limit + 1 });
    if (records.length === 0 && !inventory.state().roles.has(role))
      throw new ApiFault("unknown", `there is no role ${role}`);
    const page = records.slice(0, limit);
    const following = records[limit];
    const next = following === undefined ? null : following.startS * 1_000;
    const isFine = step === "1";
    if (format === "json") {
      const fiveMinutes = page.map((record) => shown(record, isFine));
      return c.json({ role, fiveMinutes, next }, 200);
    }
    c.header("content-type", "text/csv; charset=utf-8");
    if (next !== null) {
      const url = new URL(c.req.url);
      url.searchParams.set("from", `${next}`);
      c.header("link", `<${url.pathname}${url.search}>; rel="next"`);
    }
    return c.body(csv(page, isFine), 200);
  });
}

function shown(
  { startS, mean, known, rates }: ArrivalsRecord,
  isFine: boolean,
): History["fiveMinutes"][number] {
  return { at: startS * 1_000, mean, known, ...(isFine ? { rates } : {}) };
}

/** `timestamp,rps`, as `simulate` reads it. Seconds that nobody saw are left out. */
function csv(page: readonly ArrivalsRecord[], isFine: boolean): string {
  const lines = page.flatMap(({ startS, mean, rates }) =>
    isFine
      ? rates.flatMap((rate, index) => (rate === null ? [] : [line(startS + index, rate)]))
      : [line(startS, Math.round(mean * 1_000) / 1_000)],
  );
  return ["timestamp,rps", ...lines, ""].join("\n");
}

function line(second: number, rate: number): string {
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}Z,${rate}`;
}
