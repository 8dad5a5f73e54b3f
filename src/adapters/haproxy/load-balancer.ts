import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { BalancerDocument } from "../../core/document.ts";
import type { BalancerReport } from "../../core/report.ts";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import type { LoadBalancer } from "../../ports/load-balancer.ts";
import { createAccessLog, type AccessLog } from "./access-log.ts";
import { renderConfig, type RenderedConfig } from "./config.ts";
import { createEngine, isAlive, type Engine } from "./engine.ts";
import { reason } from "./files.ts";
import { createLatencyWindow } from "./latency.ts";
import { pathsOf, type Places } from "./places.ts";
import { Site } from "./site.ts";
import { createTurns } from "./turn.ts";

export interface HaproxyOptions extends Places {
  /** Path of HAProxy, 2.6 or newer. */
  readonly binary: string;
  readonly clock: Clock;
  /** User and group of the worker where this process is root; null: the same user. */
  readonly runAs: number | null;
  /** Markers for HAProxy's environment: anybody with the socket can read it, so no secrets. */
  readonly env: Readonly<Record<string, string>>;
}

/** A dead HAProxy is noticed within this time. */
const idlePauseMs = 100;
/** While servers join or leave. */
const busyPauseMs = 30;
/** A look at thousands of servers takes its time: pauses are longer then, so that looking stays a small share. */
const lookShare = 0.2;
const statisticsMs = 500;
/** A report is made of a look no older than this. */
const reportAgeMs = 300;
const driftMs = 3_000;

/** Drives a real HAProxy in this directory; one that runs there already is adopted as it is. */
export function createHaproxy(options: HaproxyOptions): LoadBalancer {
  return new Haproxy(options);
}

class Haproxy implements LoadBalancer {
  readonly #options: HaproxyOptions;
  readonly #clock: Clock;
  readonly #turns = createTurns();
  readonly #engine: Engine;
  readonly #site: Site;
  readonly #log: AccessLog;
  readonly #life = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #watch: Promise<void> | null = null;
  #generation = 0;
  #problem: string | null = null;
  #lookedAt = 0;
  #lookMs = 0;
  #comparedAt = 0;

  constructor(options: HaproxyOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#engine = createEngine({ ...options, places: options });
    const latencies = createLatencyWindow();
    this.#log = createAccessLog({
      socketPath: pathsOf(options).runtimeSocket,
      onAccess: ({ pool, server, durationMs }) => {
        if (durationMs < 0) return;
        const now = this.#clock.now();
        latencies.record(pool, durationMs, now);
        latencies.record(`${pool}/${server}`, durationMs, now);
      },
      // HAProxy has seen a server come or go: look at once instead of at the next second.
      onNotice: () => {
        this.#lookedAt = 0;
      },
    });
    this.#site = new Site({
      places: options,
      clock: options.clock,
      engine: this.#engine,
      latencies,
      log: this.#log,
    });
  }

  async converge(
    document: BalancerDocument,
    generation: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#turns.take(async () => {
      try {
        await this.#site.prepare();
        await this.#site.bring(document, this.#render(document), signal);
        this.#generation = generation;
        this.#problem = null;
        await this.#look(signal);
      } catch (cause) {
        this.#problem = reason(cause);
        throw asFailure(cause);
      }
    });
    this.#watch ??= this.#keepWatch();
  }

  async report(signal: AbortSignal): Promise<BalancerReport> {
    // While a change is being made the last look has to do: its reader must not wait for a reload.
    const ageMs = this.#clock.now() - this.#lookedAt;
    if (this.#watch !== null && this.#turns.isFree && ageMs > reportAgeMs) {
      // The watch finds out why it does not answer, and sees to it.
      await this.#turns.take(() => this.#look(signal)).catch(() => undefined);
    }
    return {
      generation: this.#generation,
      ...this.#site.report(),
      problem: this.#problem ?? this.#site.problem(),
    };
  }

  onNews(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async detach(): Promise<void> {
    this.#life.abort();
    await this.#watch;
    await this.#turns.take(async () => this.#log.close());
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.detach();
    await this.#turns.take(async () => {
      await this.#site.end(signal);
      await rm(this.#options.socketDirectory, { recursive: true, force: true });
      await rm(this.#options.directory, { recursive: true, force: true });
    });
  }

  #render(document: BalancerDocument): RenderedConfig {
    const master = this.#site.master();
    const limits = { maxconn: maxconn(master), runAs: this.#options.runAs };
    return renderConfig(document, this.#options, limits);
  }

  /** The one loop: keeps HAProxy alive, lets servers leave, sees what changes, undoes what is not ours. */
  async #keepWatch(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      await this.#turns.take(() => this.#watchOnce(signal));
      const pauseMs = this.#site.isChanging() ? busyPauseMs : idlePauseMs;
      await this.#clock.sleep(Math.max(pauseMs, this.#lookMs / lookShare), signal);
    }
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      if (!(await this.#isRunning())) await this.#revive(signal);
      const now = this.#clock.now();
      const isUrgent = this.#site.isChanging() || this.#site.hasOldWorkers();
      if (isUrgent || now - this.#lookedAt >= statisticsMs) await this.#look(signal);
      if (now - this.#comparedAt >= driftMs) {
        this.#comparedAt = now;
        if (await this.#site.repair(signal)) this.#tell();
      }
      this.#site.clearTrouble();
    } catch (cause) {
      // The next round tries again; until then the report says what is wrong.
      if (!signal.aborted) this.#site.trouble(reason(cause));
    }
  }

  async #isRunning(): Promise<boolean> {
    const running = this.#site.running();
    if (running === null) return false;
    const [isMaster, isWorker] = await Promise.all([isAlive(running.master), isAlive(running.pid)]);
    return isMaster && isWorker;
  }

  async #revive(signal: AbortSignal): Promise<void> {
    this.#site.died();
    this.#tell();
    await this.#site.revive(signal);
    await this.#look(signal);
    this.#tell();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const from = this.#clock.now();
    const hasNews = await this.#site.look(signal);
    this.#lookedAt = this.#clock.now();
    // The watch may not sleep through the death of HAProxy because one look took long.
    this.#lookMs = Math.min(this.#lookedAt - from, idlePauseMs * lookShare);
    if (hasNews) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function asFailure(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure("unavailable", `Cannot drive HAProxy: ${reason(cause)}`, { cause });
}

/** Some descriptors are for checks, logs and listeners; each connection needs two. */
const spareShare = 0.1;
const maxconnMax = 100_000;

/** As many connections as the hard limit of open files allows: one more and HAProxy refuses to start. */
function maxconn(master: number | null): number {
  const hard = hardFileLimit(master ?? "self") ?? hardFileLimit("self") ?? 4_096;
  return Math.min(maxconnMax, Math.max(50, Math.floor((hard * (1 - spareShare)) / 2.1)));
}

function hardFileLimit(pid: number | "self"): number | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
    return hard === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(hard);
  } catch {
    return null;
  }
}
