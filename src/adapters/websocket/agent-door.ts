import { createServer } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createListener } from "node:net";
import type { AddressInfo, Server as Listener } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TLSSocket } from "node:tls";
import type { Admission, ShownCertificate } from "../../core/access/admission.ts";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import type { JoinAnswer, JoinAsk, Registrar } from "../../ports/registrar.ts";
import type { ReleaseStore } from "../../ports/releases.ts";
import type { AgentServer } from "./agent-server.ts";
import { createHandshakeGate } from "./handshake-gate.ts";

const handshakeMs = 5_000;
const requestMs = 15_000;
/** A token, a key and two names. */
const bodyBytesMax = 16 * 1024;
const connectionsMax = 10_000;
/** Certificates that end while their connection lives are looked for this often. */
const lookMs = 1_000;

export interface AgentDoorOptions {
  /** PEM: the door's own certificate and key, and the authority that names its callers. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  readonly registrar: Registrar;
  readonly agents: AgentServer;
  readonly releases: ReleaseStore;
  readonly clock: Clock;
}

/** Where agents call: TLS 1.3, and a certificate for everything but joining. */
export interface AgentDoor {
  /** Resolves with the port. May be asked for several addresses. `how` goes to the system as it is. */
  listen(host: string, port: number, how?: { readonly reusePort?: boolean }): Promise<number>;
  /** Ends every connection of the machine, downloads included. */
  expel(machine: string): void;
  close(): void;
}

/** A connection whose caller has been admitted. */
interface Guest {
  readonly socket: TLSSocket;
  readonly machine: string;
  readonly key: string;
  /** Moved when the same key has renewed its certificate. */
  endsAt: number;
}

interface House extends AgentDoorOptions {
  readonly guests: Map<TLSSocket, Guest>;
}

export function createAgentDoor(options: AgentDoorOptions): AgentDoor {
  const house: House = { ...options, guests: new Map() };
  const server = openServer(house);
  const enter = createHandshakeGate(server);
  const listeners: Listener[] = [];
  const watch = setInterval(() => endExpired(house), lookMs).unref();
  return {
    async listen(host, port, how = {}) {
      const listener = createListener({ pauseOnConnect: true }, enter);
      listener.maxConnections = connectionsMax;
      listeners.push(listener);
      await new Promise<void>((resolve, reject) => {
        listener.once("error", reject);
        listener.listen({ ...how, port, host }, resolve);
      });
      return (listener.address() as AddressInfo).port;
    },
    expel(machine) {
      for (const guest of house.guests.values()) {
        if (guest.machine === machine) guest.socket.destroy();
      }
    },
    close() {
      clearInterval(watch);
      for (const listener of listeners) listener.close();
      server.close();
      server.closeAllConnections();
      for (const { socket } of house.guests.values()) socket.destroy();
    },
  };
}

function openServer(house: House): Server {
  const { certificate, key, authority } = house;
  const server = createServer({
    cert: certificate,
    key,
    ca: authority,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    handshakeTimeout: handshakeMs,
    requestTimeout: requestMs,
    requestCert: true,
    // Who joins has no certificate yet; everything else asks for one itself, and can say what is wrong with it.
    rejectUnauthorized: false,
  });
  // Plain HTTP and older TLS end here.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("request", (request, response) => {
    answer(house, request, response).catch((cause: unknown) => fail(response, cause));
  });
  server.on("upgrade", (request, socket, head) => {
    upgrade(house, { request, socket, head }).catch(() => socket.destroy());
  });
  return server;
}

async function answer(
  house: House,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = "" } = request;
  const socket = request.socket as TLSSocket;
  const address = socket.remoteAddress ?? "";
  if (method === "POST" && url === "/v1/join") {
    const ask = parseJoin(await readBody(request));
    if (ask === null) return say(response, 400, { error: "not a wish to join" });
    return sayJoined(response, await house.registrar.join(ask, address));
  }
  const admission = await admit(house, socket);
  if (admission.kind === "refused") return say(response, 401, { error: admission.reason });
  if (method === "POST" && url === "/v1/renew") return renew(house, socket, response);
  const release = /^\/v1\/agent\/releases\/([0-9a-f]{7,64})$/.exec(url)?.[1];
  if (method !== "GET" || release === undefined)
    return say(response, 404, { error: "no such thing" });
  if (!house.registrar.mayFetch(admission.machine, release)) {
    return say(response, 403, { error: `release ${release} is not one of this machine's role` });
  }
  const archive = await house.releases.open(release);
  try {
    response.writeHead(200, { "content-type": "application/gzip" });
    await pipeline(archive, response);
  } finally {
    // To a caller who has hung up by now nothing is piped at all, and a file that nobody closes ends the process.
    archive.destroy();
  }
}

async function upgrade(
  house: House,
  call: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
): Promise<void> {
  const { request, socket, head } = call;
  socket.on("error", () => socket.destroy());
  const admission = await admit(house, socket as TLSSocket);
  if (request.url !== "/v1/agent" || admission.kind === "refused") {
    const reason = admission.kind === "refused" ? admission.reason : "no such thing";
    const body = JSON.stringify({ error: reason });
    socket.end(
      `HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    return;
  }
  house.agents.accept(request, socket, head, admission.machine);
}

/** Judged anew for each call: what was right a second ago may have been revoked. */
async function admit(house: House, socket: TLSSocket): Promise<Admission> {
  const shown = shownBy(socket);
  if (typeof shown === "string") return { kind: "refused", reason: shown };
  const admission = await house.registrar.admit(shown);
  if (admission.kind === "refused") return admission;
  const { machine, certificate } = admission;
  if (!house.guests.has(socket)) {
    socket.once("close", () => house.guests.delete(socket));
    const guest = { socket, machine, key: certificate.key, endsAt: certificate.expiresAt };
    // It may have left while its record was read.
    if (!socket.destroyed) house.guests.set(socket, guest);
  }
  return admission;
}

/** What the caller's certificate says, or why it is none of ours. */
function shownBy(socket: TLSSocket): (ShownCertificate & { readonly publicKey: string }) | string {
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return "a certificate of this site is needed";
  if (!socket.authorized)
    return `the certificate is not valid: ${String(socket.authorizationError)}`;
  const uri = /^URI:([^,\s"]+)$/.exec(shown.subjectAltName ?? "")?.[1] ?? "";
  const publicKey = shown.publicKey.export({ format: "pem", type: "spki" });
  return { uri, serial: shown.serialNumber.toLowerCase(), publicKey };
}

async function renew(house: House, socket: TLSSocket, response: ServerResponse): Promise<void> {
  const shown = shownBy(socket);
  if (typeof shown === "string") return say(response, 401, { error: shown });
  const renewed = await house.registrar.renew(shown, shown.publicKey);
  const own = house.guests.get(socket);
  if (renewed.kind === "certificate" && own !== undefined) {
    const endsAt = house.clock.now() + renewed.lifeMs;
    // The key is the identity: its other connections need not be made again.
    for (const guest of house.guests.values()) if (guest.key === own.key) guest.endsAt = endsAt;
  }
  sayJoined(response, renewed);
}

function endExpired(house: House): void {
  const now = house.clock.now();
  for (const { socket, endsAt } of house.guests.values()) if (now >= endsAt) socket.destroy();
}

function sayJoined(response: ServerResponse, answer: JoinAnswer): void {
  switch (answer.kind) {
    case "certificate":
      return say(response, 200, { certificate: answer.certificate, lifeMs: answer.lifeMs });
    case "refused":
      return say(response, 403, { error: answer.reason });
    case "limited":
      response.setHeader("retry-after", Math.ceil(answer.retryAfterMs / 1_000));
      return say(response, 429, { error: answer.reason });
  }
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function fail(response: ServerResponse, cause: unknown): void {
  const isMissing = cause instanceof Failure && cause.code === "not_found";
  if (response.headersSent) response.destroy();
  else
    say(response, isMissing ? 404 : 503, {
      error: cause instanceof Failure ? cause.message : "failed",
    });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax)
      throw new Failure("rejected", "Cannot read the request: it is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJoin(text: string): JoinAsk | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const { machine, role, token, publicKey, signature } = value ?? {};
    const fields = [machine, role, token, publicKey, signature];
    return fields.every((field) => typeof field === "string")
      ? (value as unknown as JoinAsk)
      : null;
  } catch {
    return null;
  }
}
