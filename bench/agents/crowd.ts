/** A thousand agents in one process: the real link, the real call home, and reports as real agents write them. */
import { readFileSync } from "node:fs";
import { createSystemClock } from "../../src/adapters/clock/clock.ts";
import { createAgentLink } from "../../src/adapters/websocket/agent-link.ts";
import { callHome } from "../../src/agent/call-home.ts";
import type { AgentParts } from "../../src/agent/parts.ts";
import type { MachineDocument } from "../../src/core/document.ts";
import type { AgentReport, ProcessReport } from "../../src/core/report.ts";
import type { ControllerConnection } from "../../src/ports/controller-link.ts";
import { aReport, aServerReport } from "../steady-site.ts";
import { monotonicMs } from "./world.ts";
import type { CrowdOrder, FromCrowd, Player, ToCrowd } from "./world.ts";

const REPORT_MS = 1_000;

const order = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as CrowdOrder;
const starting = new Set(order.starting);
const byServer = new Map(order.players.map((player) => [player.server, createAgent(player)]));

process.on("message", ({ server }: ToCrowd) => {
  starting.delete(server);
  const message: FromCrowd = { kind: "sent", server, atMs: monotonicMs() };
  byServer.get(server)?.report();
  process.send?.(message);
});
// Nobody is left to ask: whoever started us has died.
process.on("disconnect", () => process.exit(1));

interface Agent {
  report(): void;
}

function createAgent(player: Player): Agent {
  const { key, certificate, machine } = player;
  let connection: ControllerConnection | null = null;
  let document: MachineDocument | null = null;
  const link = createAgentLink({
    machine,
    bootId: `boot of ${machine}`,
    readTarget: async () => ({ url: order.url, token: "", authority: order.authority }),
    credentials: {
      show: async () => ({ key, certificate }),
      renew: async () => undefined,
      discard: () => undefined,
      renewal: () => null,
    },
  });
  const report = (): void => {
    if (document === null) return;
    connection?.send({ kind: "report", report: reportOf(player, document) });
  };
  const parts = {
    link,
    clock: createSystemClock(),
    random: () => Math.random(),
    say: () => undefined,
  };
  const listener = {
    onConnection: (next: ControllerConnection | null) => (connection = next),
    onDocument: (next: MachineDocument) => {
      document = next;
      report();
    },
  };
  // Of all that an agent has, this uses only the parts above.
  void callHome(parts as unknown as AgentParts, listener, new AbortController().signal);
  setTimeout(() => setInterval(report, REPORT_MS), Math.random() * REPORT_MS);
  return { report };
}

function reportOf(player: Player, document: MachineDocument): AgentReport {
  const now = Date.now();
  const { machine, server } = player;
  if (server === null) return balancerReport(machine, document, now);
  const plain = aReport(machine, [server], null, now);
  return {
    ...plain,
    ...usage(),
    bootId: `boot of ${machine}`,
    generation: document.generation,
    processes: plain.processes.map((process) => ({ ...process, ...stateOf(server), ...usage() })),
  };
}

function usage(): { readonly cpu: number; readonly memoryBytes: number } {
  return {
    cpu: Math.round(Math.random() * 100) / 1000,
    memoryBytes: 60_000_000 + Math.floor(Math.random() * 1_000_000),
  };
}

function stateOf(server: number): Partial<ProcessReport> {
  if (!starting.has(server)) return {};
  return { state: "starting", problem: "GET /up answered nothing yet" };
}

function balancerReport(machine: string, document: MachineDocument, now: number): AgentReport {
  const pools = document.balancer?.pools ?? [];
  const latency = { p50: 4.2, p95: 17.5, p99: 40.1 };
  const servers = pools.flatMap((pool) =>
    pool.servers.map(({ id }) => ({
      ...aServerReport({ id }),
      inFlight: Math.floor(Math.random() * 3),
      requestsPerSecond: Math.round(Math.random() * 100),
      requests: Math.floor(now / 1000),
      latency,
    })),
  );
  const plain = aReport(machine, [], servers, now);
  const seen = pools.map(({ name }) => ({
    pool: name,
    inFlight: Math.floor(Math.random() * 1000),
    queue: 0,
    requestsPerSecond: 50_000,
    serversUp: servers.length,
    latency,
  }));
  const { generation } = document;
  const balancer = plain.balancer && { ...plain.balancer, generation, pools: seen };
  return { ...plain, ...usage(), bootId: `boot of ${machine}`, generation, balancer };
}
