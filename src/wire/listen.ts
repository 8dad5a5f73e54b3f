import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isIP } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { firstFreePort } from "../adapters/process/free-port.ts";
import type { AgentDoor } from "../adapters/websocket/agent-door.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { readKept, writeKept } from "./kept-file.ts";
import { hostNames, isLoopback, serverCertificate } from "./access.ts";
import type { Access } from "./access.ts";

const LOOPBACK = "127.0.0.1";
const FIRST_API_PORT = 7431;
/** Apart from the API's, so that the two never take each other's place. */
const FIRST_DOOR_PORT = 7731;
const PORTS_TRIED = 200;

export interface ApiServer {
  readonly server: Server;
  /** For this computer's own command line. */
  readonly url: string;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** Plain HTTP on loopback; anywhere else TLS, by a certificate of the site's own authority. */
export async function listenForPeople(
  fetch: Fetch,
  options: {
    readonly access: Access;
    readonly clock: Clock;
    readonly places: StateDirectory;
    readonly listen: ListenAddress;
    readonly port: number | null;
  },
): Promise<ApiServer> {
  const { access, clock, places, listen } = options;
  const { host } = listen;
  const port = keep(places, "port", options.port ?? listen.port ?? (await freeApiPort(places)));
  const how = options.port === null ? {} : besideAnother;
  if (isLoopback(host)) {
    const server = createAdaptorServer({ fetch }) as Server;
    return { server, url: `http://${await listenOn(server, host, port, how)}` };
  }
  const path = join(places.root, "inventory", "api.sealed");
  const { key, certificate } = await serverCertificate(access, clock, hostNames(host), path);
  const serverOptions = { key, cert: certificate, minVersion: "TLSv1.3" as const };
  const server = createAdaptorServer({ fetch, createServer: createTlsServer, serverOptions });
  const isAny = host === "0.0.0.0" || host === "::";
  const [, chosen = ""] = /:(\d+)$/.exec(await listenOn(server as Server, host, port, how)) ?? [];
  return {
    server: server as Server,
    url: `https://${isAny ? LOOPBACK : bracketed(host)}:${chosen}`,
  };
}

/** Where agents call; the same port as before where it is free, because the agents know it. */
export async function listenForAgents(
  door: AgentDoor,
  places: StateDirectory,
  given: number | null,
): Promise<string> {
  const port = keep(places, "door-port", given ?? (await freeDoorPort(places)));
  return `${LOOPBACK}:${await door.listen(LOOPBACK, port, given === null ? {} : besideAnother)}`;
}

export interface ListenAddress {
  readonly host: string;
  /** Null: any that is free. */
  readonly port: number | null;
}

/**
 * Where the API listens: TIDEMILL_LISTEN, `host` or `host:port`, or what it said at an earlier start, or loopback.
 * Throws a plain error for anything else.
 */
export function listenAddress(places: StateDirectory): ListenAddress {
  const path = join(places.root, "inventory", "listen");
  const kept = readKept(path)?.trim() ?? null;
  const text = process.env["TIDEMILL_LISTEN"] ?? kept;
  if (text === null || text === "") return { host: LOOPBACK, port: null };
  const match = /^(\[[0-9a-f:]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[1]?.replace(/^\[|\]$/g, "");
  if (host === undefined) throw new Error(`TIDEMILL_LISTEN needs host:port, got ${text}`);
  if (text !== kept) writeKept(path, `${text}\n`);
  const port = match?.[2];
  return { host, port: port === undefined ? null : Number(port) };
}

/** Where one controller listens: for people and their programs, and for agents. */
export interface Ports {
  readonly api: number;
  readonly door: number;
}

/** The site's last ones where they are free. */
export async function freePorts(places: StateDirectory): Promise<Ports> {
  const { port } = listenAddress(places);
  return { api: port ?? (await freeApiPort(places)), door: await freeDoorPort(places) };
}

/** Null: no agent was ever told one. */
export function lastDoorPort(places: StateDirectory): number | null {
  return readPort(places, "door-port");
}

function freeApiPort(places: StateDirectory): Promise<number> {
  const first = readPort(places, "port") ?? FIRST_API_PORT;
  return firstFreePort(listenAddress(places).host, first, PORTS_TRIED);
}

function freeDoorPort(places: StateDirectory): Promise<number> {
  return firstFreePort(LOOPBACK, lastDoorPort(places) ?? FIRST_DOOR_PORT, PORTS_TRIED);
}

function readPort(places: StateDirectory, name: string): number | null {
  const port = Number(readKept(join(places.root, "inventory", name)) ?? 0);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : null;
}

function keep(places: StateDirectory, name: string, port: number): number {
  if (readPort(places, name) !== port) writeKept(join(places.root, "inventory", name), `${port}\n`);
  return port;
}

/**
 * A controller that begins or ends leading has its port without a gap in which another program could take it:
 * the next listener is there before the last one goes. Other systems than Linux have the gap.
 */
export const besideAnother: { readonly reusePort?: boolean } =
  process.platform === "linux" ? { reusePort: true } : {};

async function listenOn(
  server: Server,
  host: string,
  port: number,
  how: { readonly reusePort?: boolean },
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...how, port, host }, resolve);
  });
  return `${bracketed(host)}:${port}`;
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
