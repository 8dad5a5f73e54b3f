import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { Failure } from "../../ports/failure.ts";
import { reason } from "./files.ts";

/** One request as HAProxy logged it. */
export interface AccessLine {
  readonly pool: string;
  readonly server: string;
  readonly status: number;
  readonly durationMs: number;
  /** HAProxy's four letters: how the request ended. */
  readonly ending: string;
}

/** Receives HAProxy's log. While nobody listens HAProxy goes on and drops its oldest lines. */
export interface AccessLog {
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface AccessLogOptions {
  readonly socketPath: string;
  /** Whether a worker that runs as another user must be able to connect. */
  readonly isShared: boolean;
  readonly onAccess: (line: AccessLine) => void;
  /** HAProxy's own news, e.g. that a server is down. */
  readonly onNotice: (line: string) => void;
}

/** More than the longest line with its length in front; what is longer is not our log. */
const frameBytesMax = 64_000;

/** Listens on the socket named in HAProxy's configuration. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  return {
    async listen() {
      if (server !== null) return;
      await rm(options.socketPath, { force: true });
      server = await listenOn(options.socketPath, (socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        receive(socket, options);
      });
      if (options.isShared) await chmod(options.socketPath, 0o666);
    },
    async close() {
      const open = server;
      if (open === null) return;
      server = null;
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        open.close(() => resolve());
      });
    },
  };
}

function listenOn(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(onSocket);
    server.once("error", (cause) => {
      const message = `Cannot listen for HAProxy's log at ${path}: ${reason(cause)}`;
      reject(new Failure("unavailable", message, { cause }));
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function receive(socket: Socket, options: AccessLogOptions): void {
  let rest = Buffer.alloc(0);
  socket.unref();
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const frames = splitFrames(Buffer.concat([rest, chunk]));
    rest = frames.rest;
    if (rest.length > frameBytesMax) socket.destroy();
    for (const line of frames.lines) {
      const access = parseAccess(line);
      if (access === null) options.onNotice(line);
      else options.onAccess(access);
    }
  });
}

/** Octet counting (RFC 6587): each line comes after its length and a space. */
export function splitFrames(data: Buffer): {
  readonly lines: readonly string[];
  readonly rest: Buffer<ArrayBuffer>;
} {
  const lines: string[] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    if (space === -1) break;
    const length = Number(data.toString("latin1", at, space));
    if (!Number.isInteger(length) || length < 0) return { lines, rest: Buffer.alloc(0) };
    const end = space + 1 + length;
    if (end > data.length) break;
    lines.push(data.toString("utf8", space + 1, end).trimEnd());
    at = end;
  }
  return { lines, rest: Buffer.from(data.subarray(at)) };
}

/** A line in the format the configuration names; null for HAProxy's own sentences. */
export function parseAccess(line: string): AccessLine | null {
  const match = /^(\S+) (\S+) (-?\d+) (-?\d+) (\S{4})$/.exec(line);
  if (match === null) return null;
  const [, pool = "", server = "", status, durationMs, ending = ""] = match;
  return { pool, server, status: Number(status), durationMs: Number(durationMs), ending };
}
