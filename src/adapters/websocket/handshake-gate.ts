import type { Server } from "node:https";
import type { Socket } from "node:net";

/** More at once only make each other late: a thousand that begin together all miss the caller's deadline. */
const underWayMax = 32;
/** Who is slow to answer must not keep the others out. */
const slotMs = 250;

/** Hands connections to the server so that only a few shake hands at a time; the others wait their turn, unread. */
export function createHandshakeGate(server: Server): (socket: Socket) => void {
  const underWay = new Map<string, NodeJS.Timeout>();
  const waiting = new Set<Socket>();
  const begin = (socket: Socket): void => {
    const caller = callerOf(socket);
    const slot = setTimeout(() => end(caller), slotMs).unref();
    underWay.set(caller, slot);
    socket.once("close", () => end(caller));
    server.emit("connection", socket);
  };
  const end = (caller: string): void => {
    clearTimeout(underWay.get(caller));
    if (!underWay.delete(caller)) return;
    for (const next of waiting) {
      if (underWay.size >= underWayMax) return;
      waiting.delete(next);
      if (!next.destroyed) begin(next);
    }
  };
  server.on("secureConnection", (socket: Socket) => end(callerOf(socket)));
  return (socket) => {
    socket.on("error", () => socket.destroy());
    if (underWay.size < underWayMax) return begin(socket);
    waiting.add(socket);
    socket.once("close", () => waiting.delete(socket));
  };
}

function callerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
