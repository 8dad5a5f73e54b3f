import * as z from "zod";
import { listPrices } from "../core/cost/price-table.ts";
import { entry, list, mapping, optional, record, required, withDefault } from "./field.ts";
import { count, duration, oneOf, text } from "./form.ts";
import { priceForm } from "./price.ts";
import { resources, roleShape } from "./role-schema.ts";
import * as word from "./vocabulary.ts";

const balancerShape = {
  machines: withDefault(count(1, 16, 2), 1, { what: "How many balancers.", example: 2 }),
  resources,
  bind: withDefault(word.bindForm, "127.0.0.1", {
    what: "Address and port visitors come to. Without a port, the first free one from 8080 is taken and kept. With `provider: netns` a balancer listens on its own machine's address instead, which `status` tells.",
    example: "127.0.0.1:8080",
  }),
  connect_timeout: withDefault(duration(1, "2s"), "2s", {
    what: "Time to connect to a server.",
    example: "1s",
  }),
  client_timeout: withDefault(duration(1, "30s"), "30s", {
    what: "How long a visitor may be silent in the middle of a request.",
    example: "1m",
  }),
  server_timeout: withDefault(duration(1, "30s"), "30s", {
    what: "How long a server may take to answer.",
    example: "1m",
  }),
  keep_alive: withDefault(duration(1, "5s"), "5s", {
    what: "How long a connection without requests is kept open.",
    example: "15s",
  }),
  maintenance_page: mapping(
    {
      html: optional(text("HTML of at most 64 KiB", /^[^]*$/, { type: "string" }), {
        what: "The page itself.",
        example: "<h1>Back soon</h1>",
      }),
      from: optional(word.pathForm, {
        what: "A file beside the site file.",
        example: "./maintenance.html",
      }),
    },
    {
      what: "Shown with status 503 while maintenance is on: HTML, or a file.",
      example: { from: "./maintenance.html" },
      defaultText: "a plain page",
    },
    word.pageShorthand,
  ),
};

const pricesShape = {
  machines: record(word.nameForm, priceForm, {
    what: `By role, and \`balancer\`: what an hour of one machine costs, or the machine type whose list price holds (${listPrices.source}, as of ${listPrices.asOf}).`,
    expected: "a mapping of roles to prices such as web: 0.0104 USD per hour",
    example: { web: "0.0104 USD per hour", balancer: "t3.micro" },
  }),
  billing: withDefault(oneOf(["second", "hour"]), "second", {
    what: "Each machine is billed by begun seconds, or by begun hours.",
    example: "hour",
  }),
  minimum: withDefault(duration(0, "60s"), "60s", {
    what: "Each machine is billed for at least so long.",
    example: "0s",
  }),
};

const routeShape = {
  host: optional(word.hostForm, {
    what: "One of `domains`.",
    example: "api.example.com",
    defaultText: "every host",
  }),
  path: withDefault(word.urlPathForm, "/", {
    what: "Prefix of whole segments: `/api` takes `/api` and `/api/x`, not `/apis`.",
    example: "/api",
  }),
  to: required(word.nameForm, { what: "Role that takes these requests.", example: "api" }),
};

/** Keys at the top of the file; every other key there names a role. */
export const topShape = {
  version: withDefault(word.versionForm, 1, { what: "Version of this format.", example: 1 }),
  site: required(word.nameForm, { what: "The site's name.", example: "shop" }),
  domains: list(entry(word.hostForm), {
    what: "Host names the site answers to; the first is the canonical one.",
    expected: "a list of host names such as [shop.example.com]",
    example: ["shop.example.com"],
    defaultText: "`<site>.localhost`",
  }),
  provider: withDefault(oneOf(["local", "netns"]), "local", {
    what: "Where machines come from. `local`: processes on loopback addresses of this computer. `netns`: network namespaces of this computer, each with an address, a process tree and limits of its own; root on Linux only.",
    example: "netns",
  }),
  default: optional(word.nameForm, {
    what: "Role that takes requests no route matches.",
    example: "web",
    defaultText: "the first role that listens",
  }),
  routes: list(mapping(routeShape, { what: "One route.", example: { path: "/api", to: "api" } }), {
    what: "Which role takes which requests, by host and path. The longest path wins.",
    expected: "a list of routes such as [{ path: /api, to: api }]",
    example: [{ path: "/api", to: "api" }],
  }),
  prices: mapping(pricesShape, {
    what: "What machines cost, for `tidemill cost` and for the limits below `scale: { spend: … }`.",
    example: { machines: { web: "0.0104 USD per hour" } },
    defaultText: "not known",
  }),
  balancer: mapping(balancerShape, {
    what: "The balancer in front of the roles.",
    example: { bind: "127.0.0.1:8080" },
  }),
};

/** The top's keys after validation, with every default filled in. */
export type TopFields = {
  readonly [Key in keyof typeof topShape]: z.output<(typeof topShape)[Key]>;
};

/** Names no role can have: they are ours, or known keys. */
export const reservedNames: readonly string[] = [
  ...new Set(["lb", "tidemill", "agent", "haproxy", ...Object.keys(topShape)]),
];

/** The whole file, as editors and the documentation see it. */
export const siteSchema = z
  .object(topShape)
  .catchall(z.strictObject(roleShape).meta({ description: "A role of that name." }))
  .meta({ title: "Tidemill site file", description: "tidemill.yaml: one site, described." });
