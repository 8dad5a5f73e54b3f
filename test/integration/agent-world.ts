import { certify, createTestAuthority } from "../harness/authority.ts";
import { until } from "../harness/until.ts";
import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "tar-stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { createLocalProvider } from "../../src/adapters/local/local.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import type {
  MachineDocument,
  ProcessDocument,
  ReleaseReference,
} from "../../src/core/document.ts";
import type { AgentLine, AgentMessage } from "../../src/core/messages.ts";
import type { AgentReport, ProcessReport } from "../../src/core/report.ts";
import type { Provider } from "../../src/ports/provider.ts";
import type { JoinAsk } from "../../src/ports/registrar.ts";

const bin = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const token = "token-of-a-test";
/** The same for every controller of the file: a machine outlives the one it has joined. */
const authority = await createTestAuthority("test");
const door = await certify(authority);

/** A controller that only listens and hands out documents. */
export interface TinyController {
  readonly url: string;
  readonly reports: AgentReport[];
  readonly lines: AgentLine[];
  readonly hellos: { at: number; bootId: string }[];
  document: MachineDocument | null;
  send(document: MachineDocument): void;
  release(id: string, files: Readonly<Record<string, string>>): Promise<ReleaseReference>;
  close(): Promise<void>;
}

export async function openController(port = 0): Promise<TinyController> {
  const archives = new Map<string, Buffer>();
  const tls = { key: door.key, cert: door.certificate, ca: authority.certificate };
  const options = { ...tls, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (request, response) => {
    if (request.url === "/v1/join") return void letIn(request, response);
    const id = request.url?.split("/").at(-1) ?? "";
    const archive = archives.get(id);
    const isAllowed = (request.socket as TLSSocket).authorized;
    response.statusCode = !isAllowed ? 401 : archive === undefined ? 404 : 200;
    response.end(isAllowed ? archive : undefined);
  });
  const sockets = new Set<WebSocket>();
  const socketServer = new WebSocketServer({ server, path: "/v1/agent" });
  await listen(server, port);
  const controller: TinyController = {
    url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/v1/agent`,
    reports: [],
    lines: [],
    hellos: [],
    document: null,
    send(document) {
      controller.document = document;
      for (const socket of sockets) socket.send(JSON.stringify({ kind: "document", document }));
    },
    async release(id, files) {
      const archive = await packFiles(files);
      archives.set(id, archive);
      const archiveSha256 = createHash("sha256").update(archive).digest("hex");
      return { id, archiveSha256, bytes: archive.length };
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      socketServer.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  socketServer.on("connection", (socket, request) => {
    if (!(request.socket as TLSSocket).authorized) return socket.close(4401, "who is that");
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("message", (data: Buffer) => take(controller, socket, data));
  });
  return controller;
}

function take(controller: TinyController, socket: WebSocket, data: Buffer): void {
  const message = JSON.parse(data.toString()) as AgentMessage;
  if (message.kind === "report") controller.reports.push(message.report);
  if (message.kind === "lines") controller.lines.push(...message.lines);
  if (message.kind !== "hello") return;
  controller.hellos.push({ at: performance.now(), bootId: message.bootId });
  const { document } = controller;
  if (document !== null) socket.send(JSON.stringify({ kind: "document", document }));
}

/** Lets in whoever has the token. */
async function letIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ask = JSON.parse(await text(request)) as JoinAsk;
  if (ask.token !== token) {
    response.statusCode = 403;
    response.end(JSON.stringify({ error: "the token is not known" }));
    return;
  }
  const subject = { kind: "machine", site: "test", machine: ask.machine, role: ask.role } as const;
  const lifeMs = 3_600_000;
  const from = Date.now();
  const order = { subject, publicKey: ask.publicKey, from, until: from + lifeMs };
  const { pem } = await authority.issue(order);
  response.end(JSON.stringify({ certificate: pem, lifeMs }));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

async function packFiles(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files))
    tar.entry({ name, mtime: new Date(0) }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks), { level: 1 });
}

/** One machine of the local provider with a tiny controller, in a directory of its own. */
export interface World {
  readonly directory: string;
  readonly provider: Provider;
  controller: TinyController;
  launch(): Promise<void>;
  /** Pid of the agent, or null. */
  agentPid(): Promise<number | null>;
  file(name: string): string;
  close(): Promise<void>;
}

const machine = "web-1";
const forever = AbortSignal.timeout(600_000);

export async function openWorld(limits: Readonly<Record<string, number>> = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-agent-"));
  const table = createProcessTable();
  const siteId = `test-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
  const provider = createLocalProvider({
    directory,
    runtimeDirectory: join(directory, "run"),
    agentCommand: [process.execPath, bin, "agent"],
    siteId,
    env: {
      PATH: `${fileURLToPath(new URL("../../node_modules/.bin", import.meta.url))}:${process.env["PATH"] ?? ""}`,
      TIDEMILL_SUPERVISION_LIMITS: JSON.stringify(limits),
    },
    processes: table,
  });
  const world: World = {
    directory,
    provider,
    controller: await openController(),
    async launch() {
      const controllerUrl = world.controller.url;
      await provider.launch(
        {
          name: machine,
          role: "web",
          number: 1,
          limits: { cpuMax: null, memoryBytesMax: null },
          token,
          controllerUrl,
          authority: authority.certificate,
        },
        forever,
      );
    },
    async agentPid() {
      for (const entry of await table.list()) {
        const environment = await table.environment(entry.pid);
        if (environment.get("TIDEMILL_AGENT") === `${siteId}/${machine}`) return entry.pid;
      }
      return null;
    },
    file: (name) => readFileSync(join(directory, "machines", machine, name), "utf8"),
    async close() {
      await provider.terminate(machine, forever);
      await world.controller.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return world;
}

export const helloServer = `
const { createServer } = require("node:http");
createServer((request, response) => response.end("hello from " + process.pid))
  .listen(process.env.PORT, process.env.HOST, () => console.log("listening"));
`;

export function processDocument(
  id: number,
  release: ReleaseReference,
  change: Partial<ProcessDocument> = {},
): ProcessDocument {
  return {
    id,
    name: `${machine}.${id}`,
    release,
    run: "node server.cjs",
    env: {},
    secrets: {},
    check: { kind: "http", path: "/", host: null, everyMs: 200, timeoutMs: 500, rise: 2, fall: 2 },
    supervision: {
      startGraceMs: 5_000,
      restartGraceMs: 5_000,
      memoryBytesMax: null,
      cpuMax: null,
      stopTimeoutMs: 500,
    },
    provisioning: { packages: [], files: [], setup: [] },
    ...change,
  };
}

export function machineDocument(
  generation: number,
  processes: readonly ProcessDocument[],
  change: Partial<MachineDocument> = {},
): MachineDocument {
  return { generation, machine, role: "web", processes, tasks: [], balancer: null, ...change };
}

/** The newest report of the process; null when it is not in the newest report. */
export function seen(world: World, id: number): ProcessReport | null {
  return world.controller.reports.at(-1)?.processes.find((it) => it.id === id) ?? null;
}

/** The process once it is healthy. */
export function healthy(world: World, id: number): Promise<ProcessReport> {
  return until(`process ${id} is healthy`, () => {
    const report = seen(world, id);
    return report?.state === "healthy" ? report : null;
  });
}

/** Pid 0 would be the test itself. */
export function kill(pid: number | null): void {
  assert.ok(pid !== null && pid > 1, `no process to kill: ${pid}`);
  process.kill(pid, "SIGKILL");
}

export function isAlive(pid: number | null): boolean {
  assert.ok(pid !== null);
  try {
    process.kill(pid, 0);
    // An ended process that nobody has reaped yet still takes signals.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
