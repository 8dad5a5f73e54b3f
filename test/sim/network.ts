import type { MachineDocument } from "../../src/core/document.ts";
import type { AgentMessage, ControllerMessage } from "../../src/core/messages.ts";
import { believed } from "../../src/core/received/believed.ts";
import type { AgentObservation } from "../../src/core/observed.ts";
import type { Agents } from "../../src/ports/agents.ts";
import type { ControllerConnection } from "../../src/ports/controller-link.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Between the controllers and the machines: slow, cut, or parted, but never lying. */
export interface Network {
  /** The agents as a controller process sees them while it leads. */
  listen(life: Life, isKnown: (machine: string) => boolean): Post;
  connect(
    agent: Life,
    machine: string,
    onMessage: (message: ControllerMessage) => void,
  ): Promise<ControllerConnection>;
  /** Nothing passes between the machine and the controllers for this long. */
  part(machine: string, ms: number): void;
  isParted(machine: string): boolean;
  cut(machine: string): void;
  /** The controller has just frozen: agents give it up when they have heard nothing for a while. */
  missPulse(controller: Life): void;
  /** Whether this machine has reported without a break for a while, up to now. */
  isHeard(machine: string): boolean;
  /** The longest it has not reported, of what ended in the last seconds or lasts. */
  silentMs(machine: string): number;
}

export interface Post {
  readonly agents: Agents;
  /** What the machine was told last, or will be when it calls, as `wordsOf` says it. */
  readonly told: (machine: string) => string | null;
  /** Hangs up on all agents. */
  close(): void;
}

type Report = Exclude<AgentMessage, { kind: "hello" }>;

interface Wire {
  readonly machine: string;
  /** Who is at its other end. */
  readonly server: Server;
  isOpen: boolean;
  /** Nothing overtakes on one connection. */
  arrivesAt: {
    up: number;
    down: number;
  };
  /** Said, but not on the way while the machine is parted. */
  readonly held: (() => void)[];
  readonly end: (reason: string) => void;
  /** Hands the last document over once more. */
  readAgain: () => void;
}

/** Reports without a break, and the silence before the first. */
interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly silentMs: number;
}

interface Peer {
  wire: Wire | null;
  deliver: (document: MachineDocument) => void;
  observation: AgentObservation;
  document: MachineDocument | null;
  text: string;
}

interface Server {
  readonly life: Life;
  enter(wire: Wire, deliver: (document: MachineDocument) => void): string | null;
  receive(wire: Wire, message: Report): void;
  leave(wire: Wire): void;
}

const CONNECT_MS_MAX = 5;
/** A controller that has not answered a ping for this long is given up when another leads … */
const SUSPECT_MS = 1_500;
const LOOK_MS = 250;
/** … and after this long in any case. */
const PULSE_MS = 4_000;
/** A side that hears nothing for so long hangs up. */
const SILENCE_MS = 10_000;
const HEARD_MS = 2_500;
const HEARD_FOR_MS = 5_000;
const DELAY_MS_MAX = 3_000;
const REFUSAL_MS = 1_000;
const LATE = "network delivers what a former connection said";

export function createNetwork(timeline: Timeline, random: Random, faults: Faults): Network {
  /** Of every controller that leads, or has not yet seen that it does not. */
  const servers = new Set<Server>();
  const parted = new Map<string, number>();
  const wires = new Map<string, Wire>();
  const heard = new Map<string, Stretch>();
  const hear = (machine: string): void => {
    const now = timeline.now();
    const before = heard.get(machine);
    const isOn = before !== undefined && now - before.last <= HEARD_MS;
    const silentMs = before === undefined ? Infinity : now - before.last;
    heard.set(machine, isOn ? { ...before, last: now } : { first: now, last: now, silentMs });
  };
  const isParted = (machine: string): boolean => (parted.get(machine) ?? 0) > timeline.now();

  const cut = (machine: string): void => {
    const wire = wires.get(machine);
    if (wire === undefined) return;
    wires.delete(machine);
    wire.isOpen = false;
    wire.end("the connection was reset");
    // And what was said last on it may be said again by whatever stood between.
    if (faults.strikes(LATE)) timeline.after(random.between(1, DELAY_MS_MAX), wire.readAgain);
    wire.server.leave(wire);
  };

  const carry = (wire: Wire, way: "up" | "down", work: () => void): void => {
    if (isParted(wire.machine)) {
      wire.held.push(() => carry(wire, way, work));
      return;
    }
    const extra = faults.strikes("network delays") ? random.between(1, DELAY_MS_MAX) : 0;
    const at = Math.max(wire.arrivesAt[way], timeline.now() + random.between(1, 3) + extra);
    wire.arrivesAt[way] = at;
    timeline.after(at - timeline.now(), work);
  };

  return {
    isParted,
    cut,
    silentMs(machine) {
      const stretch = heard.get(machine);
      if (stretch === undefined) return Infinity;
      const isBack = timeline.now() - stretch.first < HEARD_FOR_MS;
      return Math.max(timeline.now() - stretch.last, isBack ? stretch.silentMs : 0);
    },
    isHeard(machine) {
      const stretch = heard.get(machine);
      if (stretch === undefined) return false;
      const now = timeline.now();
      return now - stretch.last <= HEARD_MS && now - stretch.first >= HEARD_FOR_MS;
    },
    part(machine, ms) {
      const until = timeline.now() + ms;
      parted.set(machine, Math.max(parted.get(machine) ?? 0, until));
      const wire = wires.get(machine);
      timeline.after(SILENCE_MS, () => {
        if (wire !== undefined && wires.get(machine) === wire && isParted(machine)) cut(machine);
      });
      timeline.after(ms, () => {
        if (isParted(machine)) return;
        for (const work of wire?.held.splice(0) ?? []) if (wire?.isOpen === true) work();
      });
    },
    missPulse(controller) {
      const look = (silentMs: number): void => {
        if (!controller.isFrozen) return;
        const hasOther = [...servers].some(({ life }) => life !== controller && !life.isFrozen);
        if (!hasOther && silentMs < PULSE_MS) {
          timeline.after(LOOK_MS, () => look(silentMs + LOOK_MS));
          return;
        }
        for (const [machine, wire] of wires) if (wire.server.life === controller) cut(machine);
      };
      timeline.after(SUSPECT_MS, () => look(SUSPECT_MS));
    },
    listen(life, isKnown) {
      const room = createRoom(life, isKnown);
      servers.add(room.server);
      const close = (): void => {
        servers.delete(room.server);
        for (const [machine, wire] of wires) if (wire.server === room.server) cut(machine);
      };
      life.onEnd(close);
      return { agents: room.agents, told: room.told, close };
    },
    async connect(agent, machine, onMessage) {
      await later(timeline, random.between(1, CONNECT_MS_MAX));
      // It knows all controllers, and tries one after the other.
      const there = random.pick([...servers]);
      const isDeaf = isParted(machine) || there?.life.isFrozen === true;
      if (there === undefined || isDeaf) {
        await later(timeline, isDeaf ? REFUSAL_MS : 1);
        throw new Failure("unavailable", "Cannot reach the controller: no answer");
      }
      const former = wires.get(machine);
      let end: (reason: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => (end = resolve));
      const wire: Wire = {
        machine,
        server: there,
        isOpen: true,
        arrivesAt: { up: 0, down: 0 },
        held: [],
        readAgain: () => undefined,
        end: (reason) => agent.hear(() => end(reason)),
      };
      const deliver = (document: MachineDocument): void =>
        carry(wire, "down", () => {
          // The same the other way round: it lay in the machine's buffer when the connection broke.
          const isRead = wire.isOpen || faults.strikes(LATE);
          const read = (): void => agent.hear(() => onMessage({ kind: "document", document }));
          if (isRead) read();
          wire.readAgain = read;
        });
      wires.set(machine, wire);
      agent.onEnd(() => {
        if (wires.get(machine) === wire) cut(machine);
      });
      carry(wire, "up", () => {
        if (!wire.isOpen) return;
        if (former !== undefined) {
          former.isOpen = false;
          former.end("another connection took its place");
        }
        const objection = there.enter(wire, deliver);
        if (objection !== null) cut(machine);
      });
      return {
        ended,
        // Whoever finds another leader is cut off by `missPulse`.
        silentMs: () => 0,
        close: () => cut(machine),
        send: (message) =>
          agent.act(() => {
            if (!wire.isOpen) return false;
            carry(wire, "up", () => {
              const isLate = !wire.isOpen;
              // What was on its way when the connection broke may come after what its successor says.
              if (isLate && !faults.strikes(LATE)) return;
              if (!isLate && message.kind === "report") hear(machine);
              there.receive(wire, message);
            });
            return true;
          }, false),
      };
    },
  };
}

function later(timeline: Timeline, ms: number): Promise<void> {
  return new Promise((resolve) => void timeline.after(ms, resolve));
}

function createRoom(
  life: Life,
  isKnown: (machine: string) => boolean,
): Omit<Post, "close"> & { readonly server: Server } {
  const peers = new Map<string, Peer>();
  const listeners: (() => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const peerOf = (machine: string): Peer => {
    const since = life.clock.now();
    const peer = peers.get(machine) ?? {
      wire: null,
      deliver: () => undefined,
      observation: { isConnected: false, since, report: null, reportedAt: null },
      document: null,
      text: "",
    };
    peers.set(machine, peer);
    return peer;
  };
  const server: Server = {
    life,
    enter(wire, deliver) {
      if (life.isOver) return "the controller is gone";
      if (!isKnown(wire.machine)) return "no such machine is on record";
      life.hear(() => {
        const peer = peerOf(wire.machine);
        peer.wire = wire;
        peer.deliver = deliver;
        const since = life.clock.now();
        peer.observation = { isConnected: true, since, report: null, reportedAt: null };
        if (peer.document !== null) deliver(peer.document);
        tell();
      });
      return null;
    },
    receive(wire, message) {
      life.hear(() => {
        const peer = peers.get(wire.machine);
        if (message.kind !== "report" || peer === undefined || peer.wire !== wire) return;
        const reportedAt = life.clock.now();
        const report = believed(message.report, wire.machine, reportedAt);
        peer.observation = { ...peer.observation, report, reportedAt };
        tell();
      });
    },
    leave(wire) {
      life.hear(() => {
        const peer = peers.get(wire.machine);
        if (peer === undefined || peer.wire !== wire) return;
        peer.wire = null;
        const since = life.clock.now();
        peer.observation = { ...peer.observation, isConnected: false, since };
        tell();
      });
    },
  };
  const agents: Agents = {
    observe: () => new Map([...peers].map(([name, peer]) => [name, peer.observation])),
    send: (document) =>
      life.act(() => {
        const peer = peerOf(document.machine);
        const text = wordsOf(document);
        if (text === peer.text) return;
        peer.document = document;
        peer.text = text;
        if (peer.wire !== null) peer.deliver(document);
      }, undefined),
    forget: (machine) =>
      life.act(() => {
        const peer = peers.get(machine);
        peers.delete(machine);
        if (peer?.wire !== undefined && peer.wire !== null) {
          peer.wire.isOpen = false;
          peer.wire.end("the machine is not on record any more");
        }
      }, undefined),
    onNews: (listener) => void listeners.push(listener),
    onLines: () => undefined,
  };
  return { agents, server, told: (machine) => peers.get(machine)?.text ?? null };
}

/** What a document says, whichever generation it is. */
export function wordsOf(document: MachineDocument): string {
  return JSON.stringify({ ...document, generation: 0 });
}
