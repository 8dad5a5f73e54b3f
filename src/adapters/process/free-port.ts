import { createServer } from "node:net";
import { Failure } from "../../ports/failure.ts";

/** Whether something could listen there now. */
function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The first free port of the range. Throws `Failure` (`unavailable`) when all are taken. */
export async function firstFreePort(host: string, first: number, count: number): Promise<number> {
  for (let port = first; port < first + count; port++) {
    if (await isPortFree(host, port)) return port;
  }
  throw new Failure(
    "unavailable",
    `Cannot find a free port on ${host}: ${first} to ${first + count - 1} are all taken`,
  );
}
