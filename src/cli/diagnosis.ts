import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import type { Context } from "./context.ts";
import { CliError } from "./cli-error.ts";
import { runningController } from "./controller-address.ts";
import { checkSite } from "./read-site.ts";
import { counted } from "./figures.ts";

export interface Finding {
  readonly level: "ok" | "warn" | "bad";
  readonly subject: string;
  readonly message: string;
  /** What to type or change; null when all is well. */
  readonly fix: string | null;
}

const FILES_MIN = 4_096;
const SOMAXCONN_MIN = 4_096;
const PORTS_MIN = 20_000;
const FIRST_BALANCER_PORT = 8080;
const PORTS_TRIED = 200;

/** Everything a site needs of this computer. */
export async function diagnose(context: Context): Promise<readonly Finding[]> {
  return [
    judgeNode(process.versions.node),
    judgeHaproxy(context.parts.readHaproxyVersion()),
    judgeFileLimit(readFileLimit()),
    ...judgeKernel(),
    await judgePort(),
    ...(await judgeSite(context)),
  ];
}

function ok(subject: string, message: string): Finding {
  return { level: "ok", subject, message, fix: null };
}

export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > 24 || (major === 24 && minor >= 19);
  if (isEnough) return ok("Node.js", version);
  return { level: "bad", subject: "Node.js", message: version, fix: "install 24.19 or newer" };
}

/** 2.6 is the oldest whose runtime API adds and deletes servers as we need it. */
export function judgeHaproxy(version: string | null): Finding {
  const subject = "HAProxy";
  if (version === null) {
    const fix = "install it, e.g. sudo apt-get install haproxy";
    return { level: "bad", subject, message: "not found", fix };
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 6)) {
    return { level: "bad", subject, message: version, fix: "install 2.6 or newer, best 3.0" };
  }
  if (major >= 3) return ok(subject, version);
  return { level: "warn", subject, message: version, fix: "works; 3.0 or newer is recommended" };
}

export function judgeFileLimit(limit: number | null): Finding {
  const subject = "open files";
  if (limit === null) return ok(subject, "unlimited or unknown");
  if (limit >= FILES_MIN) return ok(subject, `${limit}`);
  const fix = "raise it with ulimit -n 65536: each connection takes two";
  return { level: "warn", subject, message: `at most ${limit}`, fix };
}

function readFileLimit(): number | null {
  const text = readText("/proc/self/limits");
  const soft = /^Max open files\s+(\d+)/m.exec(text ?? "")?.[1];
  return soft === undefined ? null : Number(soft);
}

function judgeKernel(): readonly Finding[] {
  const backlog = readText("/proc/sys/net/core/somaxconn");
  const range = readText("/proc/sys/net/ipv4/ip_local_port_range");
  return [
    ...(backlog === null ? [] : [judgeBacklog(Number(backlog))]),
    ...(range === null ? [] : [judgePortRange(range)]),
  ];
}

function judgeBacklog(backlog: number): Finding {
  const subject = "somaxconn";
  if (backlog >= SOMAXCONN_MIN) return ok(subject, `${backlog}`);
  const fix = `sudo sysctl -w net.core.somaxconn=${SOMAXCONN_MIN}: a crowd would be turned away`;
  return { level: "warn", subject, message: `${backlog}`, fix };
}

export function judgePortRange(text: string): Finding {
  const [first = 0, last = 0] = text.trim().split(/\s+/).map(Number);
  const subject = "local ports";
  const message = `${first}–${last}`;
  if (last - first + 1 >= PORTS_MIN) return ok(subject, message);
  const fix = 'sudo sysctl -w net.ipv4.ip_local_port_range="16384 60999"';
  return { level: "warn", subject, message, fix };
}

async function judgePort(): Promise<Finding> {
  for (let port = FIRST_BALANCER_PORT; port < FIRST_BALANCER_PORT + PORTS_TRIED; port++) {
    if (await isFree(port)) return ok("balancer port", `${port} is free`);
  }
  const message = `every port from ${FIRST_BALANCER_PORT} on is taken`;
  return { level: "bad", subject: "balancer port", message, fix: "name one: balancer.bind" };
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return promise;
}

async function judgeSite(context: Context): Promise<readonly Finding[]> {
  const subject = "site file";
  try {
    const { state } = context.place();
    const reading = await checkSite(context);
    const file =
      reading.kind === "site"
        ? ok(subject, `${reading.site.name}: no issues`)
        : ({
            level: "bad",
            subject,
            message: counted(reading.issues.length, "issue"),
            fix: context.hint("tidemill check"),
          } as const);
    const controller = runningController(state);
    const runs = controller === null ? "does not run" : `runs as ${controller.pid}`;
    return [
      file,
      ...judgeMode("state", state.root, 0o700),
      ...judgeMode("token", state.token, 0o600),
      ...judgeMode("seal key", state.sealKey, 0o600),
      ok("controller", runs),
    ];
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    return [{ level: "warn", subject, message: cause.message, fix: cause.facts.next ?? null }];
  }
}

/** Whoever can read the token can do everything; who can read the seal key can read every secret. */
function judgeMode(subject: string, path: string, wanted: number): readonly Finding[] {
  if (!existsSync(path)) return [];
  const mode = statSync(path).mode & 0o777;
  const shown = `mode ${mode.toString(8)}`;
  if ((mode & ~wanted) === 0) return [ok(subject, shown)];
  const fix = `chmod ${wanted.toString(8)} ${path}`;
  return [{ level: "bad", subject, message: `${shown}: others can read it`, fix }];
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
