import type { MachineDocument, ProcessDocument } from "../core/document.ts";
import type { ProcessReport } from "../core/report.ts";
import type { MachineRecord, ProcessRecord } from "../ports/machine-records.ts";
import { createRunner, newRecord, wordsOf } from "./runner.ts";
import type { Runner, RunnerSurroundings } from "./runner.ts";

/** All processes of this machine, and the releases they need. */
export interface Fleet {
  want(documents: readonly ProcessDocument[], signal: AbortSignal): void;
  sample(): Promise<void>;
  /** Switches `current` and removes releases nobody needs, once all that is wanted is healthy. */
  tidy(document: MachineDocument | null): Promise<void>;
  reports(): readonly ProcessReport[];
  record(): Omit<MachineRecord, "tasks">;
  /** Resolves when every runner has let go. */
  settled(): Promise<void>;
}

/** Releases kept beside those of the document, for the way back. */
const releasesKept = 2;
const releasesRemembered = 20;

export function createFleet(around: FleetSurroundings, former: MachineRecord): Fleet {
  return new ProcessFleet(around, former);
}

export type FleetSurroundings = Omit<RunnerSurroundings, "choosePort">;

class ProcessFleet implements Fleet {
  readonly #around: FleetSurroundings;
  readonly #runners = new Map<number, Runner>();
  readonly #ends = new Map<number, Promise<void>>();
  /** Of a former agent, until the first document says which of them are wanted. */
  readonly #unclaimed: Map<number, ProcessRecord>;
  /** Promised to processes, whether they listen yet or not. */
  readonly #ports = new Map<number, number>();
  #choosing: Promise<void> = Promise.resolve();
  #releases: readonly string[];
  #activated: string | null = null;
  #tidied = "";

  constructor(around: FleetSurroundings, former: MachineRecord) {
    this.#around = around;
    this.#unclaimed = new Map(former.processes.map((record) => [record.id, record]));
    this.#releases = former.releases;
    around.parts.host.onExit((process, exit) => {
      for (const runner of this.#runners.values()) runner.onExit(process, exit);
    });
  }

  want(documents: readonly ProcessDocument[], signal: AbortSignal): void {
    for (const document of documents) {
      if (!this.#runners.has(document.id)) this.#add(this.#claim(document), document, signal);
      this.#runners.get(document.id)?.want(document);
      this.#remember(document.release.id);
    }
    // What a former agent ran and nobody wants any more is stopped as gracefully as the rest.
    for (const record of this.#unclaimed.values()) {
      if (record.running !== null) this.#add(record, null, signal);
    }
    this.#unclaimed.clear();
    const wanted = new Set(documents.map((document) => document.id));
    for (const [id, runner] of this.#runners) if (!wanted.has(id)) runner.want(null);
  }

  async sample(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.sample()));
  }

  async tidy(document: MachineDocument | null): Promise<void> {
    if (document === null) return;
    try {
      await this.#activateNewest(document);
      await this.#removeOld(document);
    } catch (error) {
      this.#around.parts.say(wordsOf(error));
    }
  }

  reports(): readonly ProcessReport[] {
    return [...this.#runners.values()].map((runner) => runner.report()).filter((it) => it !== null);
  }

  record(): Omit<MachineRecord, "tasks"> {
    return {
      processes: [
        ...this.#unclaimed.values(),
        ...[...this.#runners.values()].map((runner) => runner.record()),
      ],
      releases: this.#releases,
    };
  }

  async settled(): Promise<void> {
    await Promise.all(this.#ends.values());
  }

  #claim(document: ProcessDocument): ProcessRecord {
    const known = this.#unclaimed.get(document.id);
    this.#unclaimed.delete(document.id);
    return known ?? newRecord(document, this.#around.parts.clock.now());
  }

  #add(record: ProcessRecord, document: ProcessDocument | null, signal: AbortSignal): void {
    if (record.port !== null) this.#ports.set(record.id, record.port);
    const choosePort = (preferred: number | null): Promise<number> =>
      this.#choosePort(record.id, preferred);
    const runner = createRunner({ ...this.#around, choosePort }, record);
    runner.want(document);
    this.#runners.set(record.id, runner);
    this.#ends.set(
      record.id,
      runner.run(signal).then(() => {
        if (signal.aborted) return;
        this.#runners.delete(record.id);
        this.#ends.delete(record.id);
        this.#ports.delete(record.id);
        this.#around.parts.logs.unfollow(record.name);
        this.#around.onChange();
      }),
    );
  }

  /** One after the other: what one was promised, the next must know. */
  #choosePort(id: number, preferred: number | null): Promise<number> {
    const { parts, identity } = this.#around;
    const choice = this.#choosing.then(async () => {
      const promised = [...this.#ports].filter(([other]) => other !== id).map(([, port]) => port);
      const port = await parts.host.freePort(identity.address, { preferred, promised });
      this.#ports.set(id, port);
      return port;
    });
    this.#choosing = choice.then(
      () => undefined,
      () => undefined,
    );
    return choice;
  }

  #remember(id: string): void {
    if (this.#releases[0] === id) return;
    this.#releases = [id, ...this.#releases.filter((other) => other !== id)].slice(
      0,
      releasesRemembered,
    );
  }

  async #activateNewest(document: MachineDocument): Promise<void> {
    const newest = document.processes.toSorted((a, b) => b.id - a.id)[0]?.release.id;
    if (newest === undefined || newest === this.#activated) return;
    const own = document.processes.filter((process) => process.release.id === newest);
    if (!own.every((process) => this.#runners.get(process.id)?.isHealthy() ?? false)) return;
    await this.#around.parts.releases.activate(newest);
    this.#activated = newest;
  }

  async #removeOld(document: MachineDocument): Promise<void> {
    const isSettled = document.processes.every(
      (process) => this.#runners.get(process.id)?.isHealthy() ?? false,
    );
    if (!isSettled) return;
    const needed = new Set([
      ...[...document.processes, ...document.tasks].map((it) => it.release.id),
      ...[...this.#runners.values()].map((runner) => runner.releaseId()),
    ]);
    const spare = this.#releases.filter((id) => !needed.has(id)).slice(0, releasesKept);
    const kept = [...needed, ...spare];
    const list = kept.join();
    if (list === this.#tidied) return;
    await this.#around.parts.releases.keepOnly(kept);
    this.#tidied = list;
  }
}
