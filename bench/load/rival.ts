import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/harness/free-port.ts";
import { until } from "../../test/harness/until.ts";

/** Where the packages of the system put HAProxy. */
const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;

/** The server of every measurement: HAProxy itself answers, so that the balancer before it is what is measured. */
export const backendConfig = (bytes: number): string => `global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
frontend answers
    bind "\${HOST}:\${PORT}"
    http-request return status 200 content-type text/plain string ${"x".repeat(bytes)}
`;

/**
 * What an expert writes by hand for the same job on one site: kept connections to both sides, reuse of those to
 * the servers, the visitor's address, health checks, retries elsewhere, timeouts, routing by host. Threads are
 * HAProxy's own choice, one per core, on both sides. It writes no log at all, which is cheaper than what it is
 * compared with. `repeats` says whether a GET outlives the death of its server: that costs a buffer a request.
 */
const rivalConfig = (
  port: number,
  directory: string,
  servers: readonly number[],
  repeats: Repeats,
): string => `global
    stats socket ${directory}/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s
    maxconn 8000
defaults
    mode http
    option forwardfor
    option redispatch 1
    retries 3
    retry-on ${repeats === "GET" ? "conn-failure empty-response response-timeout" : "conn-failure"}
    http-reuse safe
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout http-request 10s
    timeout http-keep-alive 10s
    timeout queue 5s
frontend site
    bind 127.0.0.1:${port}
    http-request disable-l7-retry unless METH_GET
    http-request set-header X-Forwarded-Proto http
    use_backend %[req.hdr(host),lower,map(${directory}/hosts.map,web)]
backend web
    balance roundrobin
    option httpchk
    http-check send meth GET uri /up ver HTTP/1.1 hdr Host localhost
    default-server check inter 2s rise 2 fall 3
${servers.map((at, index) => `    server web-${index} 127.0.0.1:${at}`).join("\n")}
`;

/** What is sent again to another server: any request that was not delivered, or also a GET without an answer. */
export type Repeats = "undelivered" | "GET";

export interface RivalWish {
  readonly hostHeader: string;
  readonly servers: number;
  readonly bytes: number;
  readonly repeats: Repeats;
}

export interface Rival {
  readonly port: number;
  readonly master: number;
  stop(): Promise<void>;
}

/** A hand-tuned HAProxy before as many servers of its own. */
export async function startRival({
  hostHeader,
  servers,
  bytes,
  repeats,
}: RivalWish): Promise<Rival> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-rival-"));
  const stops: (() => Promise<void>)[] = [];
  const start = (name: string, text: string, args: readonly string[], env = {}): number => {
    const file = join(directory, name);
    writeFileSync(file, text);
    const child = spawn("haproxy", [...args, "-f", file], {
      env: { ...process.env, PATH: searchPath, ...env },
      stdio: "ignore",
      // In a session of its own, as on a machine: the kernel shares the cores out by sessions.
      detached: true,
    });
    stops.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    });
    return child.pid ?? 0;
  };
  const ports: number[] = [];
  for (let index = 0; index < servers; index++) {
    const port = await freePort();
    start(`server-${index}.cfg`, backendConfig(bytes), ["-db"], { HOST: "127.0.0.1", PORT: port });
    ports.push(port);
  }
  writeFileSync(join(directory, "hosts.map"), `${hostHeader} web\n`);
  const port = await freePort();
  const master = start("haproxy.cfg", rivalConfig(port, directory, ports, repeats), ["-W"]);
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.ok,
      () => false,
    );
  await until("the hand-tuned HAProxy answers", answers, 20_000);
  return {
    port,
    master,
    async stop() {
      for (const stop of stops.toReversed()) await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** CPU time of all threads of the children of a master, in microseconds. */
export function workersCpuUs(master: number): number {
  const workers = readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const status = readFileSync(`/proc/${entry}/stat`, "utf8");
      return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]) === master;
    } catch {
      return false;
    }
  });
  return workers
    .flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`).map(
        (thread) =>
          Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) /
          1000,
      ),
    )
    .reduce((sum, us) => sum + us, 0);
}
