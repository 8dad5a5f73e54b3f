import type { ClientRequest, IncomingMessage } from "node:http";
import { get } from "node:https";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { controllerMessage } from "../../core/received/controller-message.ts";
import { isMisfit, reasonOf } from "../../core/received/shape.ts";
import type { ControllerConnection, ControllerLink } from "../../ports/controller-link.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineCredentials } from "../../ports/machine-credentials.ts";
import { reasonIn, tlsOptions } from "./credentials.ts";
import { readJsonMessage } from "./json-message.ts";

export interface AgentLinkOptions {
  readonly machine: string;
  readonly bootId: string;
  /** Read before every connection: the controller may have moved. */
  readTarget(): Promise<ControllerTarget>;
  readonly credentials: MachineCredentials;
}

export interface ControllerTarget {
  /** E.g. `wss://127.0.0.1:7432/v1/agent`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the only authority that may name a controller. */
  readonly authority: string;
}

const pingMs = 1_000;
/** Nobody leads in the place of a leader that is silent for so long: the connection must be what is broken. */
const silenceMsMax = 3_600;
const connectMs = 2_000;
const unsentBytesMax = 4 * 1024 * 1024;
const messageBytesMax = 64 * 1024 * 1024;
/** Close code of a refused hello. */
const refused = 4401;

/** The agent's side of the WebSocket to the controller. */
export function createAgentLink(options: AgentLinkOptions): ControllerLink {
  return {
    async connect(onMessage, signal) {
      const { machine, bootId, credentials } = options;
      const target = await options.readTarget();
      const shown = await credentials.show(signal);
      const socket = new WebSocket(target.url, {
        ...tlsOptions(target, shown),
        handshakeTimeout: connectMs,
        maxPayload: messageBytesMax,
        perMessageDeflate: false,
      });
      // Must be listening before the socket opens: the document may come with the same packet.
      socket.on("message", (data: Buffer) => {
        const message = readJsonMessage(data, controllerMessage);
        if (isMisfit(message))
          socket.close(4400, `not a message: ${reasonOf(message)}`.slice(0, 120));
        else onMessage(message);
      });
      const ended = endOf(socket);
      await opened(socket, target.url, signal).catch((failure: Failure) => {
        // A certificate that is no longer accepted is never accepted again.
        if (failure.code === "rejected") credentials.discard();
        throw failure;
      });
      socket.send(JSON.stringify({ kind: "hello", protocol: 1, machine, bootId }));
      return connectionOf(socket, ended, signal);
    },
    fetchRelease: (id, signal) => fetchRelease(options, id, signal),
  };
}

function connectionOf(
  socket: WebSocket,
  ended: Promise<string>,
  signal: AbortSignal,
): ControllerConnection {
  const close = (): void => socket.close();
  signal.addEventListener("abort", close, { once: true });
  const watch = watchSilence(socket);
  void ended.then(() => {
    signal.removeEventListener("abort", close);
    watch.stop();
  });
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > unsentBytesMax)
        return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    ended,
    silentMs: watch.silentMs,
    close,
  };
}

/** A computer that vanished sends no goodbye: without an answer to pings the connection is given up. */
function watchSilence(socket: WebSocket): {
  readonly silentMs: () => number;
  readonly stop: () => void;
} {
  let heardAt = performance.now();
  const silentMs = (): number => performance.now() - heardAt;
  socket.on("pong", () => (heardAt = performance.now()));
  socket.on("message", () => (heardAt = performance.now()));
  const timer = setInterval(() => {
    if (silentMs() > silenceMsMax) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, pingMs);
  return { silentMs, stop: () => clearInterval(timer) };
}

function opened(socket: WebSocket, url: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => socket.terminate();
    const done = (failure: Failure | null): void => {
      signal.removeEventListener("abort", onAbort);
      if (failure === null) resolve();
      else reject(failure);
    };
    socket.once("open", () => done(null));
    const onRefusal = async (asked: ClientRequest, answer: IncomingMessage): Promise<void> => {
      done(await refusalOf(answer, url));
      asked.destroy();
    };
    socket.once("unexpected-response", (asked, answer) => void onRefusal(asked, answer));
    socket.on("error", (cause) => {
      done(
        new Failure("unavailable", `Cannot reach the controller at ${url}: ${cause.message}`, {
          cause,
        }),
      );
    });
    socket.once("close", () =>
      done(new Failure("aborted", `Cannot reach the controller at ${url}: closed`)),
    );
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function endOf(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("close", (code, reason) => {
      const words = reason.toString() || `code ${code}`;
      resolve(code === refused ? `the controller refused this agent: ${words}` : words);
    });
  });
}

/** In the controller's own words; only its no to a certificate is a rejection. */
async function refusalOf(answer: IncomingMessage, url: string): Promise<Failure> {
  const status = answer.statusCode ?? 0;
  const said = await text(answer).catch(() => "");
  const code = status === 401 ? "rejected" : "unavailable";
  return new Failure(code, `Cannot reach the controller at ${url}: ${reasonIn(said) ?? status}`);
}

async function fetchRelease(
  options: AgentLinkOptions,
  id: string,
  signal: AbortSignal,
): Promise<Readable> {
  const target = await options.readTarget();
  const shown = await options.credentials.show(signal);
  const url = new URL(`/v1/agent/releases/${encodeURIComponent(id)}`, target.url);
  url.protocol = "https:";
  const tls = tlsOptions(target, shown);
  return new Promise((resolve, reject) => {
    const asked = get(url, { ...tls, signal, agent: false });
    // A controller that freezes in the middle closes nothing: another one has the release as well.
    asked.setTimeout(silenceMsMax, () => {
      asked.destroy(new Error(`nothing came for ${silenceMsMax} ms`));
    });
    asked.on("error", (cause) => {
      const code = signal.aborted ? "aborted" : "unavailable";
      reject(new Failure(code, `Cannot fetch release ${id}: ${cause.message}`, { cause }));
    });
    asked.once("response", (answer: IncomingMessage) => {
      const status = answer.statusCode ?? 0;
      if (status === 200) return resolve(answer);
      answer.resume();
      const code = status === 404 ? "not_found" : status < 500 ? "rejected" : "unavailable";
      reject(new Failure(code, `Cannot fetch release ${id}: the controller answered ${status}`));
    });
  });
}
