import { freePort } from "../harness/free-port.ts";
import { until } from "../harness/until.ts";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, request, Agent, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createHaproxy } from "../../src/adapters/haproxy/load-balancer.ts";
import { createSystemClock } from "../../src/adapters/clock/clock.ts";
import type { BalancerDocument, PoolDocument, ServerDocument } from "../../src/core/document.ts";
import type { BalancerReport } from "../../src/core/report.ts";
import type { LoadBalancer } from "../../src/ports/load-balancer.ts";

const clock = createSystemClock();

export const patient: AbortSignal = new AbortController().signal;

/** A small web server that does as the path says. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  readonly seen: IncomingMessage[];
  inFlight(): number;
  /** Ends it at once, with everything it is doing. */
  kill(): Promise<void>;
}

async function startBackend(name: string): Promise<Backend> {
  const seen: IncomingMessage[] = [];
  let inFlight = 0;
  const server = createServer((incoming, response) => {
    if (incoming.url !== "/up") seen.push(incoming);
    if (seen.length > 1_000) seen.shift();
    inFlight += 1;
    response.on("close", () => {
      inFlight -= 1;
    });
    incoming.resume();
    incoming.on("end", () => answer(name, incoming, response));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    name,
    port: address.port,
    seen,
    inFlight: () => inFlight,
    async kill() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** `/slow/500` answers after 500 ms, `/drip/500` begins at once and ends then, `/cut` breaks off in the middle, `/status/500` answers 500. */
function answer(name: string, incoming: IncomingMessage, response: ServerResponse): void {
  const [, kind = "", value = ""] = (incoming.url ?? "").split("/");
  if (kind === "slow") {
    setTimeout(() => response.end(name), Number(value));
  } else if (kind === "drip") {
    response.write("x".repeat(100));
    setTimeout(() => response.end(name), Number(value));
  } else if (kind === "cut") {
    response.writeHead(200, { "content-length": 1_000 });
    response.write("x".repeat(100));
    setTimeout(() => response.socket?.destroy(), 20);
  } else {
    response.writeHead(kind === "status" ? Number(value) : 200);
    response.end(name);
  }
}

/** HAProxy in directories of its own. `reopen` is what a restarted agent does. */
export interface Rig {
  readonly port: number;
  readonly directory: string;
  readonly socketDirectory: string;
  balancer(): LoadBalancer;
  reopen(): Promise<LoadBalancer>;
  backend(name: string): Promise<Backend>;
  document(pools: readonly PoolDocument[], changes?: Partial<BalancerDocument>): BalancerDocument;
  report(): Promise<BalancerReport>;
  /** Waits until the server is reported so. */
  untilServer(id: number, state: string, limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

export async function openRig(runAs: number | null = null): Promise<Rig> {
  const home = await mkdtemp(join(tmpdir(), "tm-lb-"));
  if (runAs !== null) await chmod(home, 0o711);
  const port = await freePort();
  const options = {
    directory: `${home}/haproxy`,
    socketDirectory: `${home}/s`,
    binary: "haproxy",
    clock,
    runAs,
    env: {},
  };
  const backends: Backend[] = [];
  let balancer = createHaproxy(options);
  const report = (): Promise<BalancerReport> => balancer.report(patient);
  return {
    ...options,
    port,
    balancer: () => balancer,
    report,
    async reopen() {
      await balancer.detach();
      balancer = createHaproxy(options);
      return balancer;
    },
    async backend(name) {
      const backend = await startBackend(name);
      backends.push(backend);
      return backend;
    },
    document: (pools, changes) => documentOf(port, pools, changes),
    async untilServer(id, state, limitMs) {
      await until(
        `server ${id} ${state}`,
        async () => (await report()).servers.some((s) => s.id === id && s.state === state),
        limitMs,
      );
    },
    async close() {
      await balancer.stop(patient);
      await Promise.all(backends.map((backend) => backend.kill()));
      await rm(home, { recursive: true, force: true });
    },
  };
}

export function documentOf(
  port: number,
  pools: readonly PoolDocument[],
  changes: Partial<BalancerDocument> = {},
): BalancerDocument {
  return {
    bind: { host: "127.0.0.1", port },
    connectTimeoutMs: 2_000,
    clientTimeoutMs: 30_000,
    serverTimeoutMs: 30_000,
    keepAliveTimeoutMs: 5_000,
    maintenance: { isOn: false, page: "<h1>Back soon</h1>" },
    pools,
    routes: [],
    defaultPool: pools[0]?.name ?? null,
    ...changes,
  };
}

export function poolOf(
  name: string,
  servers: readonly ServerDocument[],
  changes: Partial<PoolDocument> = {},
): PoolDocument {
  return {
    name,
    balance: "roundrobin",
    check: {
      kind: "http",
      path: "/up",
      host: null,
      everyMs: 500,
      timeoutMs: 500,
      rise: 1,
      fall: 2,
    },
    stickyCookie: null,
    stickyKey: "k3y",
    hasQueue: false,
    queueTimeoutMs: 5_000,
    drainMs: 10_000,
    servers,
    ...changes,
  };
}

export function serverOf(
  id: number,
  backend: { readonly name: string; readonly port: number },
  changes: Partial<ServerDocument> = {},
): ServerDocument {
  return {
    id,
    name: backend.name,
    address: "127.0.0.1",
    port: backend.port,
    weight: 100,
    limit: null,
    slowStartMs: 0,
    isBackup: false,
    state: "ready",
    ...changes,
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

export interface Question {
  readonly port: number;
  readonly path?: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Record<string, string>;
  readonly agent?: Agent | false;
}

/** One request; an answer that breaks off is an error. */
export function ask(question: Question): Promise<Answer> {
  const { port, path = "/", method = "GET", headers = {}, agent = false } = question;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers, agent },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          body += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(method === "POST" ? "x".repeat(200) : undefined);
  });
}

export interface LoadResult {
  readonly requests: number;
  /** What went wrong, at most 20 of them. */
  readonly failures: readonly string[];
}

/** Kept connections without retry, fresh connections and POSTs, all at once until stopped. */
export function startLoad(port: number): { stop(): Promise<LoadResult>; count(): number } {
  const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const failures: string[] = [];
  let requests = 0;
  const stopped = new AbortController();
  const run = async (question: Question, pauseMs: number): Promise<void> => {
    while (!stopped.signal.aborted) {
      requests += 1;
      try {
        const { status } = await ask(question);
        if (status !== 200) failures.push(`${question.method ?? "GET"} ${status}`);
      } catch (error) {
        failures.push(`${question.method ?? "GET"} ${String(error)}`);
      }
      await sleep(pauseMs);
    }
  };
  const [a, b, c, d, e, f] = agents;
  const runs = [
    run({ port, ...(a && { agent: a }) }, 1),
    run({ port, ...(b && { agent: b }) }, 20),
    run({ port, ...(c && { agent: c }) }, 150),
    run({ port, method: "POST", ...(d && { agent: d }) }, 2),
    run({ port, method: "POST", path: "/slow/300", ...(e && { agent: e }) }, 5),
    run({ port, path: "/slow/50", ...(f && { agent: f }) }, 1),
    run({ port }, 3),
    run({ port, method: "POST" }, 3),
  ];
  return {
    count: () => requests,
    async stop() {
      stopped.abort();
      await Promise.all(runs);
      for (const agent of agents) agent.destroy();
      return { requests, failures: failures.slice(0, 20) };
    },
  };
}
