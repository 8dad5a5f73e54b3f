import { createServer } from "node:net";
import type { PortWish } from "../../ports/process-host.ts";

/** First port of the range that nobody listens on and nobody was promised; null when there is none. */
export async function findFreePort(
  address: string,
  range: { readonly first: number; readonly last: number },
  wish: PortWish,
): Promise<number | null> {
  const all = Array.from(
    { length: range.last - range.first + 1 },
    (_, index) => range.first + index,
  );
  const { preferred } = wish;
  // After a taken port comes the next one: who took it will take it again.
  const start = preferred === null ? 0 : Math.max(0, all.indexOf(preferred));
  for (const port of [...all.slice(start), ...all.slice(0, start)]) {
    if (!wish.promised.includes(port) && (await isFree(address, port))) return port;
  }
  return null;
}

/**
 * Many programs listen on every address whatever HOST says. So a port is free only if it is free on all of
 * them: else such a program and a polite one of another machine would take each other's requests.
 */
async function isFree(address: string, port: number): Promise<boolean> {
  return (
    (await canListen("::", port)) &&
    (await canListen("0.0.0.0", port)) &&
    (await canListen(address, port))
  );
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      // A computer without IPv6 has nobody listening there.
      resolve(error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL");
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
