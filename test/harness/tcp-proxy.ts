import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A wire that can be cut: what goes through is lost without a word, as behind a switch without power. */
export interface TcpProxy {
  readonly port: number;
  /** Nothing goes through any more, in either direction; connections stay open. */
  cut(): void;
  /** Once the client says the word, what the server answers is lost; resolves when the work has failed for it. */
  loseAnswerTo(word: string, work: Promise<unknown>): Promise<void>;
  mend(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isDeaf = false;
  let lastWord: string | null = null;
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (data) => {
      if (lastWord !== null && data.includes(lastWord)) isDeaf = true;
      if (!isCut) upstream.write(data);
    });
    upstream.on("data", (data) => isCut || isDeaf || client.write(data));
    client.on("end", () => isCut || upstream.end());
    upstream.on("end", () => isCut || client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => (isCut = true),
    async loseAnswerTo(word, work) {
      lastWord = word;
      await work.then(
        () => Promise.reject(new Error(`the answer to ${word} came through`)),
        () => undefined,
      );
      lastWord = null;
    },
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
