import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { parseInfo } from "./answers.ts";

/** One request as HAProxy logged it. */
export interface AccessLine {
  readonly pool: string;
  readonly server: string;
  readonly status: number;
  readonly durationMs: number;
  /** HAProxy's four letters: how the request ended. */
  readonly ending: string;
}

/** Follows HAProxy's log. While nobody does, HAProxy keeps its newest lines in a ring, at no cost. */
export interface AccessLog {
  /**
   * Reads what this worker logs from now on, and leaves any other one at once: a worker that was told to end
   * waits for whoever still reads. A connection that was lost, or could not be had, is had by the next call.
   */
  follow(worker: number): void;
  /** For good. */
  close(): void;
}

export interface AccessLogOptions {
  /** HAProxy's runtime socket. */
  readonly socketPath: string;
  readonly onAccess: (line: AccessLine) => void;
  /** HAProxy's own news, e.g. that a server is down. */
  readonly onNotice: (line: string) => void;
}

/** The name of the ring in HAProxy's configuration. */
export const ring = "access";
/** More than `show info` or any line takes; what is longer is not our log. */
const textLengthMax = 64_000;

/** Follows the ring by a connection to the runtime socket, which stays with one worker until it ends. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  let followed: { readonly worker: number; readonly socket: Socket } | null = null;
  let isClosed = false;
  return {
    follow(worker) {
      if (isClosed) return;
      if (followed?.worker === worker && !followed.socket.destroyed) return;
      followed?.socket.destroy();
      followed = { worker, socket: openStream(worker, options) };
    },
    close() {
      isClosed = true;
      followed?.socket.destroy();
      followed = null;
    },
  };
}

function openStream(worker: number, options: AccessLogOptions): Socket {
  const socket = connect({ path: options.socketPath });
  const decoder = new StringDecoder("utf8");
  const read = createReader(worker, options);
  socket.unref();
  // Whoever follows looks whether the socket still is there: its error has nothing to add.
  socket.on("error", () => socket.destroy());
  socket.on("end", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    if (!read(decoder.write(chunk))) socket.destroy();
  });
  // Our side stays open: HAProxy would take its end for the end of our interest.
  socket.write(`show info; show events ${ring} -w -n\n`);
  return socket;
}

/**
 * Takes the stream in pieces: `show info`, an empty line, then line after line. Says false when the stream is
 * another worker's, as that of one which has just been replaced, or none at all.
 */
export function createReader(
  worker: number,
  { onAccess, onNotice }: Pick<AccessLogOptions, "onAccess" | "onNotice">,
): (text: string) => boolean {
  let rest = "";
  let isIntroduced = false;
  return (text) => {
    rest += text;
    if (!isIntroduced) {
      const end = rest.indexOf("\n\n");
      if (end === -1) return rest.length <= textLengthMax;
      if (parseInfo(rest.slice(0, end))?.pid !== worker) return false;
      isIntroduced = true;
      rest = rest.slice(end + 2);
    }
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const access = parseAccess(line);
      if (access !== null) onAccess(access);
      else if (line !== "") onNotice(line);
    }
    return rest.length <= textLengthMax;
  };
}

/** A line in the format the configuration names; null for HAProxy's own sentences. */
export function parseAccess(line: string): AccessLine | null {
  const match = /^(\S+) (\S+) (-?\d{1,12}) (-?\d{1,12}) (\S{4})$/.exec(line);
  if (match === null) return null;
  const [, pool = "", server = "", status, durationMs, ending = ""] = match;
  return { pool, server, status: Number(status), durationMs: Number(durationMs), ending };
}
