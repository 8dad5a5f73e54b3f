import { createHash } from "node:crypto";
import type { Check } from "../../core/desired.ts";
import type { BalancerDocument, PoolDocument, ServerDocument } from "../../core/document.ts";
import { ring } from "./access-log.ts";
import { pathsOf, type Places } from "./places.ts";
import { maintenancePage, unavailablePage, type Page } from "./pages.ts";
import { maintenanceMap, routeMap } from "./routes.ts";

/** Everything HAProxy reads from a disk, as text. */
export interface RenderedConfig {
  readonly text: string;
  /**
   * Names what only a reload can change. The running process says it as its `description`, so that anybody
   * who finds the process knows whether its structure is the wanted one.
   */
  readonly structure: string;
  readonly pages: readonly Page[];
  /** Those the text names: what can change without a reload. */
  readonly maps: readonly MapFile[];
}

/** What the file holds and the running process must hold too. */
export interface MapFile {
  readonly path: string;
  readonly text: string;
}

/** What the machine allows. */
export interface ConfigLimits {
  readonly maxconn: number;
  /** User and group of the worker; null: those of whoever starts it. */
  readonly runAs: number | null;
}

export const frontend = "site:http";

/** A check that has just failed, or a server that is down, is looked at this often: a join takes rise × this. */
const transitionMs = 200;
/** A waiting client has this long to send its whole request header. */
const requestHeaderMs = 10_000;
/** An old worker lives at least this long after a reload when requests still run in it. */
const oldWorkerMs = 60_000;
/** Pages of a site rarely need more; each answered request costs HAProxy this much of the log ring at most. */
const logLineBytes = 512;

/** The whole configuration for the document. Pure: the same document gives the same text. */
export function renderConfig(
  document: BalancerDocument,
  places: Places,
  limits: ConfigLimits,
): RenderedConfig {
  const pages = [maintenancePage(document.maintenance.page), unavailablePage()];
  const bare = renderText(document, places, limits, { structure: "", isWithServers: false });
  const structure = `tidemill-${createHash("sha256").update(bare).digest("hex").slice(0, 16)}`;
  return {
    text: renderText(document, places, limits, { structure, isWithServers: true }),
    structure,
    pages,
    maps: mapsOf(document, places),
  };
}

function mapsOf(document: BalancerDocument, places: Places): readonly MapFile[] {
  const paths = pathsOf(places);
  const maintenance = {
    path: paths.maintenanceMap,
    text: maintenanceMap(document.maintenance.isOn),
  };
  if (onlyPool(document) !== null) return [maintenance];
  const text = routeMap(document.routes, document.defaultPool);
  return [{ path: paths.routeMap, text }, maintenance];
}

/** The pool that gets every request: looking up routes would only cost time. Its first route makes a reload. */
function onlyPool({ pools, routes, defaultPool }: BalancerDocument): string | null {
  const isAlone = pools.length === 1 && routes.length === 0 && defaultPool === pools[0]?.name;
  return isAlone ? defaultPool : null;
}

/** Arguments of a server as a line of the file has them; its pool's `default-server` adds the rest. */
function serverArguments(server: ServerDocument): string {
  return [`id ${server.id}`, `weight ${server.weight}`, ...serverOptions(server)].join(" ");
}

/**
 * One line which adds the server so that it gets its first request after its first passed checks.
 *
 * A dynamic server is up at once, so it begins with weight 0, is marked down by hand and only then gets its
 * weight: from there on its checks decide. The pool's `default-server` is not inherited. The cookie key is
 * set anew, because HAProxy 2.6 computes dynamic cookies of known servers only.
 */
export function addServerCommand(pool: PoolDocument, server: ServerDocument): string {
  const name = `${pool.name}/${server.name}`;
  const options = [...serverOptions(server), ...defaultOptions(pool)].join(" ");
  const commands = [
    `add server ${name} ${endpoint(server.address, server.port)} id ${server.id} weight 0 ${options}`,
    ...(isChecked(pool.check) ? [`enable health ${name}`] : []),
    `enable server ${name}`,
    ...(isChecked(pool.check) ? [`set server ${name} health down`] : []),
    `set weight ${name} ${server.weight}`,
    ...(pool.stickyCookie === null
      ? []
      : [`set dynamic-cookie-key backend ${pool.name} ${pool.stickyKey}`]),
  ];
  return commands.join("; ");
}

interface Variant {
  readonly structure: string;
  readonly isWithServers: boolean;
}

function renderText(
  document: BalancerDocument,
  places: Places,
  limits: ConfigLimits,
  variant: Variant,
): string {
  const sections = [
    "# Written by Tidemill from the inventory. Changes made by hand are found and undone.",
    globalSection(document, places, limits, variant.structure),
    ringSection(),
    defaultsSection(document, places),
    frontendSection(document, places),
    unroutedSection(),
    ...document.pools.map((pool) => poolSection(pool, variant.isWithServers)),
  ];
  return `${sections.join("\n\n")}\n`;
}

function globalSection(
  document: BalancerDocument,
  places: Places,
  limits: ConfigLimits,
  structure: string,
): string {
  const paths = pathsOf(places);
  const longestMs = Math.max(
    oldWorkerMs,
    document.serverTimeoutMs,
    ...document.pools.map((pool) => pool.drainMs),
  );
  return section("global", [
    `description ${structure === "" ? "tidemill" : structure}`,
    ...(limits.runAs === null ? [] : [`uid ${limits.runAs}`, `gid ${limits.runAs}`]),
    `stats socket ${quote(paths.runtimeSocket)} mode 600 level admin expose-fd listeners`,
    "stats timeout 1m",
    `server-state-file ${quote(paths.state)}`,
    `hard-stop-after ${longestMs}ms`,
    `maxconn ${limits.maxconn}`,
    "spread-checks 20",
    `log ring@${ring} format raw local0 info`,
  ]);
}

/** It has no server to send to: HAProxy 2.6 would try to reach one that is gone without a pause. */
function ringSection(): string {
  return section(`ring ${ring}`, ["format raw", `maxlen ${logLineBytes}`, "size 262144"]);
}

function defaultsSection(document: BalancerDocument, places: Places): string {
  return section("defaults", [
    "mode http",
    "log global",
    "option dontlognull",
    "# Idle clients of an old worker get their next answer from it, with a close, instead of a reset.",
    "option idle-close-on-response",
    "option redispatch 1",
    "retries 3",
    "retry-on conn-failure empty-response response-timeout",
    "http-reuse safe",
    `timeout connect ${document.connectTimeoutMs}ms`,
    `timeout client ${document.clientTimeoutMs}ms`,
    `timeout server ${document.serverTimeoutMs}ms`,
    `timeout http-request ${Math.min(requestHeaderMs, document.clientTimeoutMs)}ms`,
    `timeout http-keep-alive ${document.keepAliveTimeoutMs}ms`,
    "timeout tunnel 1h",
    "load-server-state-from-file global",
    `errorfile 503 ${quote(pagePath(places, unavailablePage()))}`,
  ]);
}

function frontendSection(document: BalancerDocument, places: Places): string {
  const paths = pathsOf(places);
  const page = pagePath(places, maintenancePage(document.maintenance.page));
  const isMaintained = `{ str(site),map_str(${quote(paths.maintenanceMap)},0) -m str 1 }`;
  return section(`frontend ${frontend}`, [
    `bind ${quote(endpoint(document.bind.host, document.bind.port))}`,
    "option forwardfor",
    "# %Ta is what the client waited for: it leaves out the idle time of kept connections, which %Tt has.",
    'log-format "%b %s %ST %Ta %tsc"',
    "# A sample is enough for percentiles, so that logging costs nothing when it would cost most.",
    "http-request set-log-level silent if { rand(10) gt 0 } { fe_req_rate gt 100 }",
    "http-request set-log-level silent if { rand(100) gt 0 } { fe_req_rate gt 3000 }",
    `http-request return status 503 content-type "text/html; charset=utf-8" file ${quote(page)} hdr Retry-After 60 hdr Cache-Control no-store if ${isMaintained}`,
    "# Only what is safe to repeat is repeated.",
    "http-request disable-l7-retry unless METH_GET",
    "http-request set-header X-Forwarded-Proto http",
    ...routeLines(document, paths.routeMap),
  ]);
}

function routeLines(document: BalancerDocument, routeMapPath: string): readonly string[] {
  const only = onlyPool(document);
  if (only !== null) return [`default_backend ${only}`];
  const routes = `map_beg(${quote(routeMapPath)})`;
  return [
    "# The longest prefix of whole segments: keys and the path looked up both end in a slash.",
    "http-request set-var(txn.path) path,concat(/)",
    `http-request set-var(txn.pool) req.hdr(host),host_only,lower,concat(,txn.path),${routes}`,
    `http-request set-var(txn.pool) str(*),concat(,txn.path),${routes} if !{ var(txn.pool) -m found }`,
    "use_backend %[var(txn.pool)] if { var(txn.pool) -m found }",
    `default_backend ${unrouted}`,
  ];
}

const unrouted = "site:unrouted";

function unroutedSection(): string {
  return section(`backend ${unrouted}`, [
    'http-request return status 404 content-type "text/plain; charset=utf-8" string "Nothing is served under this address."',
  ]);
}

function poolSection(pool: PoolDocument, isWithServers: boolean): string {
  const servers = pool.servers.filter((server) => server.state === "ready");
  return section(`backend ${pool.name}`, [
    ...balanceLines(pool),
    ...(pool.stickyCookie === null
      ? []
      : [
          `cookie ${pool.stickyCookie} insert indirect nocache httponly dynamic`,
          `dynamic-cookie-key ${quote(pool.stickyKey)}`,
        ]),
    `timeout queue ${pool.queueTimeoutMs}ms`,
    // Who gives up leaves the queue. Where nobody can queue, watching for it would only cost.
    ...(pool.hasQueue ? ["option abortonclose"] : []),
    ...checkLines(pool.check),
    `default-server ${defaultOptions(pool).join(" ")}`,
    ...(isWithServers ? servers.map(serverLine) : []),
  ]);
}

function serverLine(server: ServerDocument): string {
  return `server ${server.name} ${endpoint(server.address, server.port)} ${serverArguments(server)}`;
}

/** Only with consistent hashing do these algorithms take servers at run time. */
function balanceLines(pool: PoolDocument): readonly string[] {
  const isHashed = !["roundrobin", "leastconn", "first", "random"].includes(pool.balance);
  const algorithm = pool.balance.replace(/^url_param\((.*)\)$/, "url_param $1");
  return [`balance ${algorithm}`, ...(isHashed ? ["hash-type consistent"] : [])];
}

function checkLines(check: Check): readonly string[] {
  if (check.kind === "none") return [];
  const timeout = `timeout check ${check.timeoutMs}ms`;
  if (check.kind === "tcp") return [timeout];
  const host = (check.host ?? "localhost").replaceAll("%", "%%");
  return [
    timeout,
    "option httpchk",
    `http-check send meth GET uri ${quote(check.path)} ver HTTP/1.1 hdr Host ${quote(host)}`,
  ];
}

function serverOptions(server: ServerDocument): readonly string[] {
  return [
    ...(server.limit === null ? [] : [`maxconn ${server.limit}`]),
    ...(server.slowStartMs === 0 ? [] : [`slowstart ${server.slowStartMs}ms`]),
    ...(server.isBackup ? ["backup"] : []),
  ];
}

/** The pool-* options are HAProxy's own defaults, which 2.6 forgets for servers added at run time. */
function defaultOptions(pool: PoolDocument): readonly string[] {
  return [...checkOptions(pool.check), "pool-max-conn -1", "pool-purge-delay 5s"];
}

function checkOptions(check: Check): readonly string[] {
  if (check.kind === "none") return [];
  const quickMs = Math.min(check.everyMs, transitionMs);
  return [
    `check inter ${check.everyMs}ms fastinter ${quickMs}ms downinter ${quickMs}ms`,
    `rise ${check.rise} fall ${check.fall}`,
  ];
}

function isChecked(check: Check): boolean {
  return check.kind !== "none";
}

function pagePath(places: Places, page: Page): string {
  return `${pathsOf(places).pages}/${page.name}`;
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Within single quotes HAProxy reads everything as it stands. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\r\n\0]/g, "").replaceAll("'", String.raw`'\''`)}'`;
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `    ${line}`)].join("\n");
}
