import type { BalancerDocument, PoolDocument } from "../../core/document.ts";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import type { StatRow } from "./answers.ts";
import { addOldWorker, nextDrainStep, updateDrains, type Drain } from "./draining.ts";
import type { Engine } from "./engine.ts";
import { assertDone } from "./runtime-api.ts";

/**
 * A dead server's requests go elsewhere by themselves, those that wait for a connection after the time-out for that;
 * cut off before, they would be lost.
 */
const gentleMarginMs = 300;
/** A server cut off by force still closes its connections for a moment. */
const deleteTries = 40;
const deletePauseMs = 25;

/** Servers on their way out of the running HAProxy. */
export class Departures {
  readonly #engine: Engine;
  readonly #clock: Clock;
  #drains: ReadonlyMap<string, Drain> = new Map();
  #gentleTries = 0;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  drains(): ReadonlyMap<string, Drain> {
    return this.#drains;
  }

  isAnyDraining(): boolean {
    return [...this.#drains.values()].some((drain) => !drain.isDrained);
  }

  /** Begins and forgets drains as the document says. */
  follow(document: BalancerDocument, oldWorkers: readonly number[]): void {
    this.#drains = updateDrains(this.#drains, document, oldWorkers, this.#clock.now());
    const gentleMs = document.connectTimeoutMs + gentleMarginMs;
    this.#gentleTries = Math.ceil(gentleMs / deletePauseMs);
  }

  /** After a reload. */
  addOldWorker(pid: number): void {
    this.#drains = addOldWorker(this.#drains, pid);
  }

  /** The next step of each drain. */
  async advance(
    document: BalancerDocument,
    current: readonly StatRow[],
    oldWorkers: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
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
  }

  /** Takes a server out that nobody waits for, or that is dead. Throws `Failure` when it keeps its connections. */
  async cut(key: string, signal: AbortSignal): Promise<void> {
    const gentleTries = this.#gentleTries;
    for (let count = 0; count < gentleTries + deleteTries; count += 1) {
      if (await this.#delete(key, count >= gentleTries, signal)) return;
      await this.#clock.sleep(deletePauseMs, signal);
    }
    throw new Failure("rejected", `Cannot remove ${key}: it keeps its connections`);
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
