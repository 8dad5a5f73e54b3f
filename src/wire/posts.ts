import { createServer as createHttpServer } from "node:http";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { StateDirectory } from "../ports/state-directory.ts";
import { besideAnother, freePorts, listenAddress } from "./listen.ts";
import type { Ports } from "./listen.ts";

/**
 * The two ports of a controller that stands by, held so that they are its own when it leads: people are told
 * where the leader is, agents are hung up on and try the next controller of their list.
 */
export interface Posts {
  readonly ports: Ports;
  /** Null: nobody knows who leads. */
  follow(leaderUrl: string | null): void;
  /** Takes them, while the servers of a term that ends may still have them. */
  hold(): Promise<void>;
  /** Leaves them to the servers of the term that begins. */
  leave(): Promise<void>;
}

export async function takePosts(places: StateDirectory): Promise<Posts> {
  const { host } = listenAddress(places);
  const ports = await freePorts(places);
  let leader: string | null = null;
  const people = createHttpServer((_request, response) => refuse(response, leader));
  const agents = createServer((socket) => socket.destroy());
  const open = new Set<Socket>();
  people.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    ports,
    follow: (leaderUrl) => void (leader = leaderUrl),
    async hold() {
      await listenOn(people, ports.api, host);
      await listenOn(agents, ports.door, host);
    },
    async leave() {
      const closed = [people, agents].map(closeServer);
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function listenOn(server: Server, port: number, host: string): Promise<void> {
  if (server.listening) return Promise.resolve();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...besideAnother, port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function refuse(response: ServerResponse, leader: string | null): void {
  const where = leader === null ? "no leader is known" : `the leader is at ${leader}`;
  const message = `this controller is not the leader: ${where}`;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (leader !== null) headers["x-tidemill-leader"] = leader;
  response.writeHead(503, headers);
  response.end(JSON.stringify({ error: { code: "unavailable", message } }));
}
