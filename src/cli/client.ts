import { createReadStream } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import type { z } from "@hono/zod-openapi";
import type { auditSchema, tokensSchema, tokenWishSchema } from "../api/access-routes.ts";
import type { Cost } from "../api/cost-routes.ts";
import type {
  drillEndSchema,
  drillPlanSchema,
  drillSchema,
  drillWishSchema,
} from "../api/drill-routes.ts";
import type { History } from "../api/history-routes.ts";
import type { oneOffSchema, oneOffWishSchema } from "../api/one-off-routes.ts";
import type {
  ApiError,
  decisionsSchema,
  deploySchema,
  doneSchema,
  eventsSchema,
  explanationSchema,
  linesSchema,
  previewSchema,
  ScaleBody,
  statusSchema,
  WishBody,
} from "../api/contract.ts";
import type { PackedRelease } from "../ports/releases.ts";
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

export type { Cost };
export type Status = z.infer<typeof statusSchema>;
export type Deploy = z.infer<typeof deploySchema>;
type Done = z.infer<typeof doneSchema>;
export type SiteEvents = z.infer<typeof eventsSchema>["events"];
export type LogLines = z.infer<typeof linesSchema>["lines"];
export type Decisions = z.infer<typeof decisionsSchema>;
export type Decided = Decisions["decisions"][number];
export type Explanation = z.infer<typeof explanationSchema>;
export type Preview = z.infer<typeof previewSchema>;
export type Tokens = z.infer<typeof tokensSchema>["tokens"];
type TokenWish = z.infer<typeof tokenWishSchema>;
export type AuditEntries = z.infer<typeof auditSchema>["entries"];
export type Drill = z.infer<typeof drillSchema>;
export type DrillWish = z.infer<typeof drillWishSchema>;
type DrillPlan = z.infer<typeof drillPlanSchema>;
type DrillEnd = z.infer<typeof drillEndSchema>;
export type OneOff = z.infer<typeof oneOffSchema>;
type OneOffWish = z.infer<typeof oneOffWishSchema>;
export type MachineOrder = "drain" | "undrain" | "replace" | "remove";

/** What to read of a list that grows. `after` is the number of the last one known. */
export interface Page {
  readonly after: number;
  readonly limit: number;
  readonly waitMs: number;
}

export interface HistorySpan {
  readonly role: string;
  readonly from: number;
  readonly to: number;
}

/** Which decisions to read. Null: of all roles, from the first, up to the last. */
export interface DecisionsWish {
  readonly role: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly before: number | null;
  readonly limit: number;
}

/** The controller, as the commands see it. Every method throws `CliError`. */
export interface Client {
  version(): Promise<{ readonly version: string; readonly pid: number }>;
  status(): Promise<Status>;
  deploy(id: number): Promise<Deploy>;
  events(page: Page): Promise<SiteEvents>;
  logs(
    page: Page & { readonly machine: string | null; readonly role: string | null },
  ): Promise<LogLines>;
  explain(role: string): Promise<Explanation>;
  /** Newest first. */
  decisions(wish: DecisionsWish): Promise<Decisions>;
  /** Null: the present month. */
  cost(month: string | null): Promise<Cost>;
  /** A page of what came, by the second, oldest first. Times in milliseconds. */
  history(span: HistorySpan): Promise<History>;
  plan(wish: WishBody): Promise<Preview>;
  putSite(wish: WishBody): Promise<Done>;
  rollBack(): Promise<Done>;
  scale(role: string, wish: ScaleBody): Promise<Done>;
  orderMachine(machine: string, order: MachineOrder): Promise<Done>;
  setMaintenance(isOn: boolean): Promise<Done>;
  takeDown(): Promise<Done>;
  hasRelease(id: string): Promise<boolean>;
  sendRelease(packed: PackedRelease): Promise<void>;
  tokens(): Promise<Tokens>;
  /** The token itself, shown this once. */
  createToken(wish: TokenWish): Promise<string>;
  revokeToken(name: string): Promise<void>;
  /** Newest first. */
  audit(limit: number): Promise<AuditEntries>;
  /** What a drill would do; a refusal when the site could not survive it. */
  planDrill(wish: DrillWish): Promise<DrillPlan>;
  beginDrill(wish: DrillWish): Promise<Drill>;
  endDrill(id: number, end: DrillEnd): Promise<Drill>;
  drill(id: number): Promise<Drill>;
  /** Newest first. */
  drills(limit: number): Promise<readonly Drill[]>;
  beginOneOff(wish: OneOffWish): Promise<OneOff>;
  stopOneOff(id: number): Promise<OneOff>;
  oneOff(id: number): Promise<OneOff>;
  /** Newest first. */
  oneOffs(): Promise<readonly OneOff[]>;
}

export interface ClientSettings {
  readonly url: string;
  readonly token: string;
  /** Who asks, for the event log. */
  readonly user: string;
  /** PEM of the only authority that is believed, for `https` addresses. */
  readonly authority: string | null;
}

/** What goes on without a controller. */
export const SERVING_ALONE = "the machines that run go on with their agents and their balancer";

const ANSWER_MS = 15_000;
const UPLOAD_MS = 600_000;

interface Ask {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly archivePath?: string;
  readonly deadlineMs?: number;
}

/** Over plain `node:http`: it starts faster than `fetch`. */
export function createClient(settings: ClientSettings): Client {
  const ask = <Answer>(order: Ask): Promise<Answer> => send(settings, order) as Promise<Answer>;
  const get = <Answer>(path: string, waitMs = 0): Promise<Answer> =>
    ask({ method: "GET", path, deadlineMs: ANSWER_MS + waitMs });
  const post = <Answer>(path: string, body: object = {}): Promise<Answer> =>
    ask({ method: "POST", path, body });
  const put = <Answer>(path: string, body: object): Promise<Answer> =>
    ask({ method: "PUT", path, body });
  return {
    version: () => get("/v1/version"),
    status: () => get("/v1/status"),
    deploy: (id) => get(`/v1/deploys/${id}`),
    async events(page) {
      const { events } = await get<{ events: SiteEvents }>(
        `/v1/events?${query({ ...page })}`,
        page.waitMs,
      );
      return events;
    },
    async logs(page) {
      const { lines } = await get<{ lines: LogLines }>(
        `/v1/logs?${query({ ...page })}`,
        page.waitMs,
      );
      return lines;
    },
    cost: (month) => get(`/v1/cost?${query({ month })}`),
    explain: (role) => get(`/v1/explain/${encodeURIComponent(role)}`),
    history: (span) => get(`/v1/history?${query({ ...span })}`),
    decisions: (wish) => get(`/v1/decisions?${query({ ...wish })}`),
    plan: (wish) => post("/v1/plan", wish),
    putSite: (wish) => put("/v1/site", wish),
    rollBack: () => post("/v1/rollback"),
    scale: (role, wish) => post(`/v1/roles/${encodeURIComponent(role)}/scale`, wish),
    orderMachine: (machine, order) => post(`/v1/machines/${encodeURIComponent(machine)}/${order}`),
    setMaintenance: (isOn) => put("/v1/maintenance", { isOn }),
    takeDown: () => post("/v1/down"),
    async hasRelease(id) {
      const { isHere } = await get<{ isHere: boolean }>(`/v1/releases/${id}`);
      return isHere;
    },
    async sendRelease({ release, archivePath }) {
      const { id, archiveSha256, bytes, files, origin } = release;
      const facts = query({ archiveSha256, bytes, files, origin });
      const path = `/v1/releases/${id}?${facts}`;
      await ask({ method: "PUT", path, archivePath, deadlineMs: UPLOAD_MS });
    },
    ...accessCalls(ask),
    ...drillCalls(ask),
    ...oneOffCalls(ask),
  };
}

type Send = <Answer>(order: Ask) => Promise<Answer>;

function accessCalls(ask: Send): Pick<Client, "tokens" | "createToken" | "revokeToken" | "audit"> {
  return {
    async tokens() {
      return (await ask<{ tokens: Tokens }>({ method: "GET", path: "/v1/tokens" })).tokens;
    },
    async createToken(body) {
      const path = "/v1/tokens";
      return (await ask<{ token: string }>({ method: "POST", path, body })).token;
    },
    async revokeToken(name) {
      await ask({ method: "DELETE", path: `/v1/tokens/${encodeURIComponent(name)}` });
    },
    async audit(limit) {
      const path = `/v1/audit?limit=${limit}`;
      return (await ask<{ entries: AuditEntries }>({ method: "GET", path })).entries;
    },
  };
}

function drillCalls(
  ask: Send,
): Pick<Client, "planDrill" | "beginDrill" | "endDrill" | "drill" | "drills"> {
  const path = "/v1/drills";
  return {
    planDrill: (body) => ask({ method: "POST", path: `${path}/plan`, body }),
    beginDrill: (body) => ask({ method: "POST", path, body }),
    endDrill: (id, body) => ask({ method: "POST", path: `${path}/${id}/end`, body }),
    drill: (id) => ask({ method: "GET", path: `${path}/${id}` }),
    async drills(limit) {
      const shown = `${path}?limit=${limit}`;
      return (await ask<{ drills: readonly Drill[] }>({ method: "GET", path: shown })).drills;
    },
  };
}

function oneOffCalls(ask: Send): Pick<Client, "beginOneOff" | "stopOneOff" | "oneOff" | "oneOffs"> {
  const path = "/v1/one-offs";
  return {
    beginOneOff: (body) => ask({ method: "POST", path, body }),
    stopOneOff: (id) => ask({ method: "POST", path: `${path}/${id}/stop`, body: {} }),
    oneOff: (id) => ask({ method: "GET", path: `${path}/${id}` }),
    async oneOffs() {
      return (await ask<{ oneOffs: readonly OneOff[] }>({ method: "GET", path })).oneOffs;
    },
  };
}

function query(fields: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(fields)
    .flatMap(([key, value]) =>
      value === null ? [] : [`${key}=${encodeURIComponent(String(value))}`],
    )
    .join("&");
}

async function send(settings: ClientSettings, order: Ask): Promise<unknown> {
  let status = 0;
  let body = "";
  try {
    const response = await exchange(settings, order);
    status = response.statusCode ?? 0;
    body = await text(response);
  } catch (cause) {
    throw unreachableController(settings.url, cause as NodeJS.ErrnoException);
  }
  const answer = parse(body);
  if (status >= 200 && status < 300) return answer;
  throw refusal(answer as Partial<ApiError> | null, status);
}

async function exchange(settings: ClientSettings, order: Ask): Promise<IncomingMessage> {
  const json = order.body === undefined ? null : JSON.stringify(order.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers: Record<string, string> = {
    authorization: `Bearer ${settings.token}`,
    "x-tidemill-user": settings.user,
  };
  if (json !== null) headers["content-type"] = "application/json";
  if (order.archivePath !== undefined) headers["content-type"] = "application/gzip";
  const signal = AbortSignal.timeout(order.deadlineMs ?? ANSWER_MS);
  const options = { method: order.method, headers, agent: false as const, signal };
  const url = `${settings.url}${order.path}`;
  const outgoing = url.startsWith("https:")
    ? // Loaded only where it is used: most commands speak to their own computer.
      (await import("node:https")).request(url, { ...options, ...trust(settings) }, resolve)
    : request(url, options, resolve);
  outgoing.on("error", reject);
  if (order.archivePath === undefined) outgoing.end(json ?? undefined);
  else pipeline(createReadStream(order.archivePath), outgoing).catch(reject);
  return promise;
}

/** Nobody but the site's own authority is believed. */
function trust({ authority }: ClientSettings) {
  return { minVersion: "TLSv1.3" as const, ...(authority === null ? {} : { ca: authority }) };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** The site's machines do not need the controller to go on serving. */
function unreachableController(url: string, cause: NodeJS.ErrnoException): CliError {
  const isGone = cause.code === "ECONNREFUSED";
  const message = isGone
    ? "No controller runs for this site"
    : `Cannot reach the controller at ${url}: ${cause.code ?? cause.message}`;
  return new CliError(message, {
    code: isGone ? "no_controller" : "unavailable",
    exit: exitCodes.failed,
    serving: SERVING_ALONE,
    next: "tidemill up",
  });
}

const exits: Readonly<Record<ApiError["error"]["code"], ExitCode>> = {
  unauthorized: exitCodes.failed,
  forbidden: exitCodes.failed,
  limited: exitCodes.failed,
  invalid: exitCodes.usage,
  unknown: exitCodes.failed,
  locked: exitCodes.locked,
  refused: exitCodes.refused,
  unavailable: exitCodes.failed,
};

const nexts: Readonly<Partial<Record<ApiError["error"]["code"], string>>> = {
  locked: "tidemill status, or the same again with --wait",
  unknown: "tidemill status",
  unauthorized: "tidemill doctor",
  forbidden: "tidemill token create, by somebody who may",
  unavailable: "tidemill events",
};

function refusal(answer: Partial<ApiError> | null, status: number): CliError {
  const error = answer?.error;
  if (error === undefined) {
    const message = `The controller failed with status ${status}: its log says why`;
    return new CliError(message, { code: "failed", exit: exitCodes.failed, next: "tidemill logs" });
  }
  const { code, message } = error;
  return new CliError(message, { code, exit: exits[code], next: nexts[code] ?? null });
}
