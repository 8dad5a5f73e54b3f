import type { BalancerDocument, ServerDocument } from "../../src/core/document.ts";
import type { BalancerReport, ServerReport } from "../../src/core/report.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { LoadBalancer } from "../../src/ports/load-balancer.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** A check that passes this long after a server joined or came back. */
const RISE_MS = 400;
/** A server whose process is gone is found out after this long at the most. */
const FALL_MS = 2_000;
const DRAIN_MS_MAX = 2_500;
/** From the engine's death, or a change by hand, to the engine as it should be. */
const HEAL_MS = 150;
/** Whoever drives the engine looks this often whether a server has gone down. */
const WATCH_MS = 500;
/** What a configuration can name. */
const NAME = /^[\w.:-]+$/;

/** A server as the running balancer has it. */
export interface EngineServer {
  readonly document: ServerDocument;
  readonly pool: string;
  readonly joinedAt: number;
  /** When it was first seen answering, or not answering, without a break. */
  answersSince: number | null;
  silentSince: number | null;
  /** Null: takes requests. Else when the last of them has been answered. */
  drainedAt: number | null;
}

/** The balancer's own process: it goes on when the agent beside it dies. */
export interface Engine {
  isRunning: boolean;
  epoch: number;
  generation: number;
  document: BalancerDocument | null;
  readonly servers: Map<number, EngineServer>;
  readonly drift: { at: number; what: string }[];
  /** Why the last document was refused; null: it was not. */
  problem: string | null;
  /** When it refused what its agent has not asked for again since. */
  refusedAt: number | null;
  /** Who is told when it dies or is changed by hand. */
  onNews: () => void;
}

export interface EngineWorld {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  /** Whether a healthy process listens there. */
  readonly answers: (address: string, port: number) => boolean;
  /** Requests that the pool has in its hands now. */
  readonly loadOf: (pool: string) => number;
  /** A server was taken out with requests in it. */
  readonly onCut: (server: EngineServer) => void;
}

export function createEngine(): Engine {
  return {
    isRunning: false,
    epoch: 0,
    generation: 0,
    document: null,
    servers: new Map(),
    drift: [],
    problem: null,
    refusedAt: null,
    onNews: () => undefined,
  };
}

/** Lets the checks see what answers now. */
function look(engine: Engine, world: EngineWorld): void {
  const now = world.timeline.now();
  for (const server of engine.servers.values()) {
    const { address, port } = server.document;
    if (world.answers(address, port)) {
      server.answersSince ??= now;
      server.silentSince = null;
    } else {
      server.silentSince ??= now;
      server.answersSince = null;
    }
  }
}

export function isUp(server: EngineServer, now: number): boolean {
  if (server.answersSince !== null)
    return now - Math.max(server.answersSince, server.joinedAt) >= RISE_MS;
  return server.silentSince !== null && server.joinedAt + RISE_MS < server.silentSince
    ? now - server.silentSince < FALL_MS
    : false;
}

export function killEngine(engine: Engine): void {
  if (!engine.isRunning) return;
  engine.isRunning = false;
  engine.servers.clear();
  engine.onNews();
}

/** Somebody took a server out by hand. */
export function tamper(engine: Engine, at: number): void {
  const id = engine.servers.keys().next().value;
  if (id === undefined) return;
  engine.servers.delete(id);
  engine.drift.push({ at, what: `server ${id} was missing` });
  engine.onNews();
}

/** The agent's hands on the engine. */
export function createSimBalancer(life: Life, engine: Engine, world: EngineWorld): LoadBalancer {
  const { timeline, faults, random } = world;
  // A new agent begins with all it knows.
  engine.refusedAt = null;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void timeline.after(ms, resolve));
  // Whoever drives the engine brings it back by itself, as its last document says.
  const heal = (): void => {
    timeline.after(HEAL_MS, () =>
      life.hear(() => {
        if (engine.document !== null) converge(engine, engine.document, engine.generation, world);
      }),
    );
  };
  return {
    converge: (document, generation, signal) =>
      life.call(async () => {
        engine.refusedAt = null;
        await pause(faults.strikes("balancer is slow") ? random.between(1_000, 5_000) : 5);
        if (signal.aborted) throw new Failure("aborted", "Cannot change the balancer: stopped");
        if (life.isOver) return;
        const isUsable = document.pools.every(({ name }) => NAME.test(name));
        if (!isUsable || faults.strikes("balancer refuses")) {
          engine.problem = "Cannot change the balancer: it said no";
          engine.refusedAt = timeline.now();
          throw new Failure("rejected", engine.problem);
        }
        converge(engine, document, generation, world);
      }),
    report: () => life.call(() => reportOf(engine, world)),
    onNews(listener) {
      engine.onNews = () => {
        heal();
        life.hear(listener);
      };
      watch(engine, world, life, listener);
    },
    detach: () => Promise.resolve(),
    stop: () =>
      life.call(() => {
        engine.document = null;
        engine.refusedAt = null;
        killEngine(engine);
      }),
  };
}

/** Calls for attention when a server that was up is not any more, as long as its agent lives. */
function watch(engine: Engine, world: EngineWorld, life: Life, listener: () => void): void {
  const { timeline } = world;
  let up = new Set<number>();
  const lookAgain = (): void => {
    if (life.isOver) return;
    if (engine.isRunning) look(engine, world);
    const servers = [...engine.servers.values()].filter((it) => isUp(it, timeline.now()));
    const next = new Set(servers.map(({ document }) => document.id));
    const isDown = [...up].some((id) => engine.servers.has(id) && !next.has(id));
    up = next;
    if (isDown) life.hear(listener);
    timeline.after(WATCH_MS, lookAgain);
  };
  timeline.after(WATCH_MS, lookAgain);
}

function converge(
  engine: Engine,
  document: BalancerDocument,
  generation: number,
  world: EngineWorld,
): void {
  const now = world.timeline.now();
  if (!engine.isRunning) {
    engine.isRunning = true;
    engine.epoch += 1;
  }
  engine.problem = null;
  engine.document = document;
  engine.generation = generation;
  const wanted = new Map<number, { pool: string; document: ServerDocument }>();
  for (const pool of document.pools) {
    for (const server of pool.servers) wanted.set(server.id, { pool: pool.name, document: server });
  }
  for (const [id, server] of engine.servers) {
    const wish = wanted.get(id);
    const hasMoved =
      wish !== undefined &&
      (wish.document.port !== server.document.port ||
        wish.document.address !== server.document.address);
    if (wish !== undefined && !hasMoved) continue;
    world.onCut(server);
    engine.servers.delete(id);
  }
  for (const [id, wish] of wanted) {
    const server = engine.servers.get(id) ?? {
      ...wish,
      joinedAt: now,
      answersSince: null,
      silentSince: null,
      drainedAt: null,
    };
    const isLeaving = wish.document.state === "drain";
    // One that was never in has nothing to finish.
    const finishMs = engine.servers.has(id) ? world.random.between(0, DRAIN_MS_MAX) : 0;
    if (isLeaving) server.drainedAt ??= now + finishMs;
    else server.drainedAt = null;
    engine.servers.set(id, { ...server, document: wish.document, pool: wish.pool });
  }
  look(engine, world);
}

function reportOf(engine: Engine, world: EngineWorld): BalancerReport {
  const now = world.timeline.now();
  if (engine.isRunning) look(engine, world);
  const servers = engine.isRunning ? [...engine.servers.values()] : [];
  const pools = engine.document?.pools ?? [];
  return {
    engine: "simulated",
    pid: engine.isRunning ? engine.epoch : null,
    isServing: engine.isRunning,
    generation: engine.generation,
    reloads: 0,
    drift: engine.drift.slice(-20),
    problem: engine.isRunning ? engine.problem : "it does not run",
    totals: { epoch: String(engine.epoch), requests: 0, failed: 0 },
    pools: pools.map((pool) => {
      const up = servers.filter((s) => s.pool === pool.name && isUp(s, now)).length;
      return {
        pool: pool.name,
        inFlight: engine.isRunning ? world.loadOf(pool.name) : 0,
        queue: 0,
        // Each takes a fifth of a second.
        requestsPerSecond: engine.isRunning ? 5 * world.loadOf(pool.name) : 0,
        serversUp: up,
        latency: null,
      };
    }),
    servers: servers.map((server) => serverReport(server, now)),
  };
}

function serverReport(server: EngineServer, now: number): ServerReport {
  const { drainedAt, document } = server;
  const isHere = isUp(server, now);
  const isFresh = now - server.joinedAt < RISE_MS;
  const state =
    drainedAt === null
      ? isHere
        ? "up"
        : isFresh
          ? "starting"
          : "down"
      : now >= drainedAt
        ? "drained"
        : "draining";
  return {
    id: document.id,
    pool: server.pool,
    state,
    inFlight: state === "draining" ? 1 : 0,
    queue: 0,
    requestsPerSecond: 0,
    requests: isHere ? Math.floor((now - server.joinedAt) / 10) : 0,
    responses4xx: 0,
    responses5xx: 0,
    latency: null,
  };
}
