import { createServer } from "node:net";
import { Failure } from "../../ports/failure.ts";

/**
 * Throws `Failure` (`rejected`) when somebody else listens on the address. HAProxy finds out as well, but only
 * in a reload, and while that fails the listeners of the running worker are paused: requests would be lost.
 */
export function assertFree(bind: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      // Other refusals say nothing about HAProxy, which may have rights that we have not.
      if (!("code" in cause) || cause.code !== "EADDRINUSE") return resolve();
      const address = `${bind.host}:${bind.port}`;
      const message = `Cannot listen on ${address}: the address is already in use`;
      reject(new Failure("rejected", message, { cause }));
    });
    server.listen({ host: bind.host, port: bind.port, exclusive: true }, () => {
      server.close(() => resolve());
    });
  });
}
