import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { Failure } from "../../ports/failure.ts";

export interface Lock {
  release(): void;
}

/**
 * Held by listening on a socket: the system lets go when the holder dies, however it dies. Null when
 * another process holds it.
 */
export async function takeLock(socketPath: string): Promise<Lock | null> {
  const first = await listen(socketPath);
  if (first !== null) return lockOf(first);
  if (await answers(socketPath)) return null;
  // A socket nobody listens on was left by a holder that was killed.
  rmSync(socketPath, { force: true });
  const second = await listen(socketPath);
  return second === null ? null : lockOf(second);
}

function lockOf(server: Server): Lock {
  server.unref();
  return { release: () => server.close() };
}

function listen(socketPath: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(new Failure("unavailable", `Cannot lock ${socketPath}: ${error.message}`));
    });
    server.listen(socketPath, () => resolve(server));
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
