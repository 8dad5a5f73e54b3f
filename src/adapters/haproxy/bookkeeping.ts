import type { BalancerDocument } from "../../core/document.ts";
import type { BalancerTotals } from "../../core/report.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  countsOf,
  forgetServers,
  newLedger,
  parseLedger,
  recordWorkers,
  siteKey,
  totalCounts,
  type Ledger,
} from "./counters.ts";
import type { StatRow } from "./answers.ts";
import type { Running } from "./engine.ts";
import { readIfThere, replaceFile } from "./files.ts";
import { pathsOf, type Places } from "./places.ts";
import type { Snapshot } from "./statistics.ts";

/** The ledger on its disk: counts go on when this process is replaced. */
export class Bookkeeping {
  readonly #places: Places;
  readonly #clock: Clock;
  #ledger: Ledger = newLedger("", 0);
  #written = "";

  constructor(places: Places, clock: Clock) {
    this.#places = places;
    this.#clock = clock;
  }

  ledger(): Ledger {
    return this.#ledger;
  }

  totals(): BalancerTotals {
    const [requests = 0, failed = 0] = totalCounts(this.#ledger)[siteKey] ?? [];
    return { epoch: this.#ledger.epoch, requests, failed };
  }

  /** Processes known from before: they may have outlived their master. */
  processes(): readonly number[] {
    return [this.#ledger.master, ...Object.keys(this.#ledger.living).map(Number)].filter(
      (pid) => pid > 0,
    );
  }

  /** A new process counts from 0. */
  begin(master: number): void {
    this.#ledger = newLedger(`${this.#clock.now()}-${master}`, master);
  }

  /** The same master has lost no count: it ends itself when a worker dies. */
  async adopt(running: Running): Promise<void> {
    const text = await readIfThere(pathsOf(this.#places).counters);
    const stored = text === null ? null : parseLedger(text);
    if (stored?.master === running.master) this.#ledger = stored;
    else this.begin(running.master);
  }

  /** Counts of one worker between two looks; the next look puts them on the disk. */
  read(pid: number, rows: readonly StatRow[]): void {
    const living = { ...this.#ledger.living, [pid]: countsOf(rows) };
    this.#ledger = { ...this.#ledger, living };
  }

  async record(snapshot: Snapshot, document: BalancerDocument): Promise<void> {
    const { running, byWorker } = snapshot;
    const pids = [running.pid, ...running.oldWorkers];
    const readings = new Map([...byWorker].map(([pid, rows]) => [pid, countsOf(rows)]));
    const keys = document.pools.flatMap((pool) =>
      pool.servers.map((server) => `${pool.name}/${server.name}`),
    );
    this.#ledger = forgetServers(recordWorkers(this.#ledger, pids, readings), new Set(keys));
    const text = JSON.stringify(this.#ledger);
    if (text === this.#written) return;
    await replaceFile(pathsOf(this.#places).counters, text);
    this.#written = text;
  }
}
