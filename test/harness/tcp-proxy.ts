import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A wire that can be cut: what goes through is lost without a word, as behind a switch without power. */
export interface TcpProxy {
  readonly port: number;
  /** Nothing goes through any more, in either direction; connections stay open. */
  cut(): void;
  /** Only what the server says is lost. */
  deafen(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isDeaf = false;
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (data) => isCut || upstream.write(data));
    upstream.on("data", (data) => isCut || isDeaf || client.write(data));
    client.on("end", () => isCut || upstream.end());
    upstream.on("end", () => isCut || client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => (isCut = true),
    deafen: () => (isDeaf = true),
    mend() {
      // Whatever was lost on the way has broken these connections for good.
      if (isCut || isDeaf) for (const socket of sockets) socket.destroy();
      isCut = false;
      isDeaf = false;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
