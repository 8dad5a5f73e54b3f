import type { BalancerDocument, PoolDocument } from "../../core/document.ts";
import type { Instant } from "../../core/instant.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StatRow } from "./answers.ts";
import { addOldWorker, nextDrainStep, updateDrains, type Drain } from "./draining.ts";
import type { Engine } from "./engine.ts";
import { assertDone } from "./runtime-api.ts";

/**
 * A dead server's requests go elsewhere by themselves, those that wait for a connection after the time-out for that;
 * cut off before, they would be lost.
 */
const gentleMarginMs = 300;
/** A server cut off by force still closes its connections for a moment; what stays longer is a problem. */
const forcedMsMax = 1_000;

/** Servers on their way out of the running HAProxy. */
export class Departures {
  readonly #engine: Engine;
  readonly #clock: Clock;
  #drains: ReadonlyMap<string, Drain> = new Map();
  /** Servers that are dead or foreign, each since when: nobody is sent there any more. */
  #cuts: ReadonlyMap<string, Instant> = new Map();
  #gentleMs = 0;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  drains(): ReadonlyMap<string, Drain> {
    return this.#drains;
  }

  /** Whether a server may be gone in a moment. */
  isAnyLeaving(): boolean {
    const isDraining = [...this.#drains.values()].some((drain) => !drain.isDrained);
    return isDraining || this.#cuts.size > this.#overdue().length;
  }

  /** Servers that were cut and that HAProxy still has. */
  cuts(): Iterable<string> {
    return this.#cuts.keys();
  }

  isCut(key: string): boolean {
    return this.#cuts.has(key);
  }

  problem(): string | null {
    const [key] = this.#overdue();
    return key === undefined ? null : `Cannot remove ${key}: it keeps its connections`;
  }

  /** Begins and forgets drains as the document says. */
  follow(document: BalancerDocument, oldWorkers: readonly number[]): void {
    this.#drains = updateDrains(this.#drains, document, oldWorkers, this.#clock.now());
    this.#gentleMs = document.connectTimeoutMs + gentleMarginMs;
  }

  /** Forgets the cuts of all other servers: they are gone, or wanted where they are. */
  keepCuts(keys: readonly string[]): void {
    this.#cuts = new Map([...this.#cuts].filter(([key]) => keys.includes(key)));
  }

  /** After a reload. */
  addOldWorker(pid: number): void {
    this.#drains = addOldWorker(this.#drains, pid);
  }

  /** The next step of each drain and cut; true when a server that was cut has left. */
  async advance(
    document: BalancerDocument,
    current: readonly StatRow[],
    oldWorkers: readonly number[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const rows = new Map(current.map((row) => [`${row["pxname"]}/${row["svname"]}`, row]));
    const pools = new Map(document.pools.map((pool) => [pool.name, pool]));
    const next = new Map(this.#drains);
    for (const [key, drain] of this.#drains) {
      const pool = pools.get(key.slice(0, key.indexOf("/")));
      if (drain.isDrained || pool === undefined) continue;
      const seen = { pool, row: rows.get(key) ?? null, oldWorkers };
      const isDrained = await this.#leave(drain, seen, signal);
      if (isDrained) next.set(key, { ...drain, isDrained });
    }
    this.#drains = next;
    return this.#advanceCuts(signal);
  }

  /**
   * Sends nobody to a dead server any more and takes it out. While it keeps connections it stays in maintenance, and
   * each `advance` tries again: nobody waits for it, and a change must not wait for what is dead.
   */
  async cut(key: string, signal: AbortSignal): Promise<void> {
    if (this.#cuts.has(key) || (await this.#delete(key, false, signal))) return;
    this.#cuts = new Map(this.#cuts).set(key, this.#clock.now());
  }

  async #advanceCuts(signal: AbortSignal): Promise<boolean> {
    const staying = new Map(this.#cuts);
    for (const [key, since] of this.#cuts) {
      const isForced = this.#clock.now() - since >= this.#gentleMs;
      if (await this.#delete(key, isForced, signal)) staying.delete(key);
    }
    const hasLeft = staying.size < this.#cuts.size;
    this.#cuts = staying;
    return hasLeft;
  }

  #overdue(): readonly string[] {
    const limitMs = this.#gentleMs + forcedMsMax;
    const now = this.#clock.now();
    return [...this.#cuts].filter(([, since]) => now - since >= limitMs).map(([key]) => key);
  }

  /** Takes the server out; false while HAProxy says that it still has connections. */
  async #delete(key: string, isForced: boolean, signal: AbortSignal): Promise<boolean> {
    const force = isForced ? `shutdown sessions server ${key}; ` : "";
    const command = `disable server ${key}; ${force}del server ${key}`;
    const answer = await this.#engine.runtime(command, signal);
    return /^(?:Server deleted\.|No such server\.?)/m.test(answer);
  }

  /** True when it has left. */
  async #leave(
    drain: Drain,
    { pool, row, oldWorkers }: Seen,
    signal: AbortSignal,
  ): Promise<boolean> {
    const engine = this.#engine;
    const step = nextDrainStep(drain, pool, row, oldWorkers, this.#clock.now());
    switch (step.kind) {
      case "wait":
        return false;
      case "turn away": {
        const answer = await engine.runtime(`disable server ${drain.key}`, signal);
        assertDone(`drain ${drain.key}`, answer);
        return false;
      }
      case "delete":
        return row === null || this.#delete(drain.key, false, signal);
      case "cut":
        for (const pid of oldWorkers.filter((pid) => drain.workers.has(pid))) {
          const command = `shutdown sessions server ${drain.key}`;
          await engine.worker(pid, command, signal).catch(() => "");
        }
        return row === null || this.#delete(drain.key, true, signal);
    }
  }
}

interface Seen {
  readonly pool: PoolDocument;
  /** Null: HAProxy does not have the server any more. */
  readonly row: StatRow | null;
  readonly oldWorkers: readonly number[];
}
