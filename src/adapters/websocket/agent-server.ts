import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { MachineDocument } from "../../core/document.ts";
import type { AgentMessage } from "../../core/messages.ts";
import type { AgentObservation } from "../../core/observed.ts";
import { isNews } from "../../core/report-news.ts";
import { agentMessage } from "../../core/received/agent-message.ts";
import { believed } from "../../core/received/believed.ts";
import { isMisfit, reasonOf } from "../../core/received/shape.ts";
import type { Agents, LogLine } from "../../ports/agents.ts";
import type { Clock } from "../../ports/clock.ts";
import { createAllowance } from "./allowance.ts";
import { readJsonMessage } from "./json-message.ts";

/** A report of a balancer with thousands of servers fits; anything larger is no agent of ours. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Who connects must say hello within this time. */
const HELLO_MS = 10_000;
/** A peer that does not answer pings is gone, whatever its connection says. */
const PING_MS = 5_000;
/** Several times what an agent with thousands of servers says in its busiest second: more is no agent of ours. */
const ALLOWANCE = {
  messages: { burst: 500, perSecond: 50 },
  bytes: { burst: 4 * MESSAGE_BYTES_MAX, perSecond: 8 * 1024 * 1024 },
};
/** The protocol allows 123 bytes, and all reasons are ASCII. */
const CLOSING_MAX = 120;

export interface AgentServer extends Agents {
  /** Takes over the HTTP upgrade of a caller that is known to be the machine. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, machine: string): void;
  /** Tells all agents, and those that call later, where else they may call. */
  tellControllers(urls: readonly string[]): void;
  close(): void;
}

export interface AgentServerOptions {
  readonly clock: Clock;
  /** Called when a machine is forgotten, so that its other connections end as well. */
  readonly onForget: (machine: string) => void;
}

interface Peer {
  socket: WebSocket | null;
  observation: AgentObservation;
  /** The document to hand over, and its text without the generation, which tells whether it is new. */
  document: MachineDocument | null;
  documentText: string;
}

interface Room {
  readonly clock: Clock;
  readonly peers: Map<string, Peer>;
  readonly news: (() => void)[];
  readonly lines: ((lines: readonly LogLine[]) => void)[];
  controllers: readonly string[];
}

/** The controller's end of the agents' WebSockets. */
export function createAgentServer(options: AgentServerOptions): AgentServer {
  const room: Room = {
    clock: options.clock,
    peers: new Map(),
    news: [],
    lines: [],
    controllers: [],
  };
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX });
  const pinging = setInterval(() => ping(server), PING_MS).unref();
  return {
    observe: () => new Map([...room.peers].map(([name, peer]) => [name, peer.observation])),
    send: (document) => hand(room, document),
    forget(machine) {
      const peer = room.peers.get(machine);
      room.peers.delete(machine);
      peer?.socket?.terminate();
      options.onForget(machine);
    },
    onNews: (listener) => room.news.push(listener),
    onLines: (listener) => room.lines.push(listener),
    tellControllers(urls) {
      if (urls.join(" ") === room.controllers.join(" ")) return;
      room.controllers = urls;
      for (const { socket } of room.peers.values()) nameControllers(socket, room);
    },
    accept(request, socket, head, machine) {
      server.handleUpgrade(request, socket, head, (opened) => greet(opened, machine, room));
    },
    close() {
      clearInterval(pinging);
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function hand(room: Room, document: MachineDocument): void {
  const peer = peerOf(room, document.machine);
  const text = JSON.stringify({ ...document, generation: 0 });
  if (text === peer.documentText) return;
  peer.document = document;
  peer.documentText = text;
  if (peer.socket !== null) deliver(peer.socket, document);
}

function enter(room: Room, socket: WebSocket, machine: string): void {
  const peer = peerOf(room, machine);
  // A restarted agent may call before its former connection is seen to end: the newer one holds.
  peer.socket?.terminate();
  peer.socket = socket;
  // What the former agent said is not what this one sees: nothing is known until it reports.
  const since = room.clock.now();
  peer.observation = { isConnected: true, since, report: null, reportedAt: null };
  nameControllers(socket, room);
  if (peer.document !== null) deliver(socket, peer.document);
  socket.on("close", () => {
    if (peer.socket !== socket) return;
    peer.socket = null;
    peer.observation = { ...peer.observation, isConnected: false, since: room.clock.now() };
    tell(room);
  });
  tell(room);
}

function receive(room: Room, machine: string, message: AgentMessage): void {
  if (message.kind === "report") {
    const peer = peerOf(room, machine);
    const reportedAt = room.clock.now();
    const report = believed(message.report, machine, reportedAt);
    const before = peer.observation.report;
    peer.observation = { ...peer.observation, report, reportedAt };
    if (isNews(before, report)) tell(room);
  }
  if (message.kind === "lines") {
    const named = message.lines.map((line) => ({ ...line, machine }));
    for (const listener of room.lines) listener(named);
  }
}

function tell(room: Room): void {
  for (const listener of room.news) listener();
}

function peerOf(room: Room, machine: string): Peer {
  const peer = room.peers.get(machine) ?? newPeer(room.clock);
  room.peers.set(machine, peer);
  return peer;
}

function newPeer(clock: Clock): Peer {
  const since = clock.now();
  const observation = { isConnected: false, since, report: null, reportedAt: null };
  return { socket: null, observation, document: null, documentText: "" };
}

function deliver(socket: WebSocket, document: MachineDocument): void {
  socket.send(JSON.stringify({ kind: "document", document }));
}

function nameControllers(socket: WebSocket | null, { controllers: urls }: Room): void {
  if (urls.length > 0) socket?.send(JSON.stringify({ kind: "controllers", urls }));
}

/** The first message must be a hello in the caller's own name; the socket speaks for that machine only. */
function greet(socket: WebSocket, machine: string, room: Room): void {
  let isIn = false;
  const late = setTimeout(() => socket.close(4408, "no hello"), HELLO_MS).unref();
  const allowance = createAllowance(ALLOWANCE, room.clock.now());
  socket.on("error", () => socket.terminate());
  socket.on("close", () => clearTimeout(late));
  markAlive(socket);
  socket.on("message", (data: Buffer) => {
    // What was sent before the closing took effect still comes.
    if (socket.readyState !== socket.OPEN) return;
    if (!allowance.take(data.length, room.clock.now())) {
      socket.close(4429, "too many messages");
      return;
    }
    const message = readJsonMessage(data, agentMessage);
    if (isMisfit(message)) {
      socket.close(4400, `not a message of an agent: ${reasonOf(message)}`.slice(0, CLOSING_MAX));
      return;
    }
    if (isIn) {
      receive(room, machine, message);
      return;
    }
    const objection = objectionTo(message, machine);
    if (objection !== null) {
      socket.close(4401, objection);
      return;
    }
    clearTimeout(late);
    isIn = true;
    enter(room, socket, machine);
  });
}

function objectionTo(message: AgentMessage, machine: string): string | null {
  if (message.kind !== "hello") return "hello comes first";
  if (message.protocol !== 1) return "this controller speaks protocol 1";
  return message.machine === machine ? null : `the certificate is ${machine}'s`;
}

/** Sockets that answered the last ping. */
const answered = new WeakSet<WebSocket>();

function markAlive(socket: WebSocket): void {
  answered.add(socket);
  socket.on("pong", () => answered.add(socket));
}

function ping(server: WebSocketServer): void {
  for (const client of server.clients) {
    if (!answered.has(client)) {
      client.terminate();
      continue;
    }
    answered.delete(client);
    client.ping();
  }
}
