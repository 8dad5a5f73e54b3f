import type { ProcessDocument } from "../core/document.ts";
import type { ProcessReport } from "../core/report.ts";
import { superviseStep, supervisionDueAt } from "../core/supervision/supervise.ts";
import { neverStarted } from "../core/supervision/supervised.ts";
import type { Supervised, SupervisionCommand } from "../core/supervision/supervised.ts";
import type { SupervisionRules } from "../core/supervision/rules.ts";
import { Failure } from "../ports/failure.ts";
import type { ProcessRecord } from "../ports/machine-records.ts";
import type { ProcessExit, RunningProcess } from "../ports/process-host.ts";
import { createAlarm } from "../ports/alarm.ts";
import type { Alarm } from "../ports/alarm.ts";
import { environmentOf, logPathOf } from "./environment.ts";
import { createMeter } from "./meter.ts";
import type { Usage } from "./meter.ts";
import type { AgentIdentity, AgentParts } from "./parts.ts";
import { tickMs } from "./parts.ts";
import { prepare } from "./prepare.ts";
import { createProber } from "./prober.ts";
import type { Prober } from "./prober.ts";

/** Keeps one process as it should be, from the first fetch of its release to its end. */
export interface Runner {
  /** Null: it is no longer wanted. */
  want(document: ProcessDocument | null): void;
  /** Runs until the process is neither wanted nor there, or the signal aborts; the process goes on then. */
  run(signal: AbortSignal): Promise<void>;
  /** Takes a sample of CPU and memory. */
  sample(): Promise<void>;
  onExit(process: RunningProcess, exit: ProcessExit): void;
  /** Null when there is nothing to tell. */
  report(): ProcessReport | null;
  record(): ProcessRecord;
  releaseId(): string;
  isHealthy(): boolean;
}

export interface RunnerSurroundings {
  readonly parts: AgentParts;
  readonly identity: AgentIdentity;
  /** A port that no other process of the machine has or was promised; the preferred one if it can be. */
  readonly choosePort: (preferred: number | null) => Promise<number>;
  /** Something changed that must be written down and told. */
  readonly onChange: () => void;
}

const lastLinesMax = 20;
const stopPollMs = 50;
const exitPollMs = 5;
const exitRoundsMax = 40;
/** Processes of a former agent end without telling this one. */
const alivePollMs = 200;

export function createRunner(around: RunnerSurroundings, former: ProcessRecord): Runner {
  return new ProcessRunner(around, former);
}

class ProcessRunner implements Runner {
  readonly #around: RunnerSurroundings;
  readonly #parts: AgentParts;
  readonly #identity: AgentIdentity;
  readonly #former: ProcessRecord;
  readonly #logPath: string;
  readonly #alarm: Alarm;
  readonly #prober: Prober;
  readonly #meter = createMeter();
  #document: ProcessDocument | null = null;
  /** The last document there was: it says how to stop. */
  #last: ProcessDocument | null = null;
  #supervised: Supervised;
  #running: RunningProcess | null;
  /** Started by this agent, which is then told how it ends. */
  #isOwn = false;
  #port: number | null;
  #directory: string | null = null;
  #preparation: AbortController | null = null;
  #preparationProblem: string | null = null;
  #exit: { readonly pid: number; readonly exit: ProcessExit } | null = null;
  #ending: string | null = null;
  #sampled: Usage | null = null;
  #usage: Usage = { cpu: 0, memoryBytes: 0 };

  constructor(around: RunnerSurroundings, former: ProcessRecord) {
    this.#around = around;
    this.#parts = around.parts;
    this.#identity = around.identity;
    this.#former = former;
    this.#logPath = logPathOf(around.identity, former.name);
    this.#alarm = createAlarm(around.parts.clock);
    this.#prober = createProber(around.parts, () => this.#alarm.ring());
    this.#supervised = former.supervised;
    this.#running = former.running;
    this.#port = former.port;
  }

  want(next: ProcessDocument | null): void {
    this.#document = next;
    this.#last = next ?? this.#last;
    if (next === null) this.#preparation?.abort();
    this.#alarm.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    // What a former agent saw printed, it has sent.
    const isNew = this.#supervised.phase === "idle" && this.#supervised.startedAt === null;
    this.#parts.logs.follow(this.#former.name, this.#logPath, isNew ? "start" : "end");
    while (!signal.aborted) {
      await this.#stepSafely(signal);
      if (this.#isOver()) break;
      await this.#alarm.wait(this.#waitMs(), signal);
    }
  }

  async sample(): Promise<void> {
    if (this.#running === null) return;
    const counted = await this.#parts.host.usage(this.#running);
    this.#usage = this.#meter.sample(counted, this.#parts.clock.now());
    this.#sampled = this.#usage;
    this.#alarm.ring();
  }

  onExit(process: RunningProcess, exit: ProcessExit): void {
    if (this.#running !== null && process.pid !== this.#running.pid) return;
    this.#exit = { pid: process.pid, exit };
    this.#alarm.ring();
  }

  report(): ProcessReport | null {
    return this.#isOver() ? null : this.#describe();
  }

  record(): ProcessRecord {
    return {
      id: this.#former.id,
      name: this.#former.name,
      releaseId: this.releaseId(),
      port: this.#port,
      stopTimeoutMs: this.#rules().supervision.stopTimeoutMs,
      running: this.#running,
      supervised: this.#supervised,
    };
  }

  releaseId(): string {
    return this.#last?.release.id ?? this.#former.releaseId;
  }

  isHealthy(): boolean {
    return this.#supervised.phase === "healthy";
  }

  /** What the system refuses now may work at the next step; a bug of ours may not. */
  async #stepSafely(signal: AbortSignal): Promise<void> {
    try {
      await this.#step(signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#parts.say(`${this.#former.name}: ${error.message}`);
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const isRunning = await this.#look();
    if (
      this.#document !== null &&
      !isRunning &&
      this.#directory === null &&
      !(await this.#makeReady(signal))
    )
      return;
    if (signal.aborted) return;
    if (this.#running !== null && this.#port !== null && this.#supervised.phase !== "stopping") {
      const isStarting = this.#supervised.phase === "starting" || this.#supervised.phase === "idle";
      const { address } = this.#identity;
      this.#prober.poll(
        { check: this.#rules().check, address, port: this.#port, isStarting },
        signal,
      );
    }
    const input = {
      isWanted: this.#document !== null,
      isRunning,
      ending: this.#ending,
      check: this.#prober.take(),
      usage: this.#sampled,
    };
    this.#sampled = null;
    const before = this.#supervised;
    const next = superviseStep(this.#rules(), this.#supervised, input, this.#parts.clock.now());
    this.#supervised = next.state;
    await this.#perform(next.command);
    if (isNews(before, this.#supervised) || next.command.kind === "start") this.#around.onChange();
  }

  async #look(): Promise<boolean> {
    if (this.#running === null) return false;
    if (await this.#parts.host.isAlive(this.#running)) return true;
    if (this.#supervised.phase === "stopping" && (await this.#parts.host.hasRemains(this.#running)))
      return true;
    // Without its leader, what is left of a process only holds its port.
    await this.#parts.host.signal(this.#running, "SIGKILL");
    await this.#hearExit(this.#running);
    this.#ending = describeExit(this.#exit?.pid === this.#running.pid ? this.#exit.exit : null);
    this.#running = null;
    this.#prober.reset();
    this.#meter.reset();
    this.#usage = { cpu: 0, memoryBytes: 0 };
    return false;
  }

  /** The table may know of an end before its code has arrived here. */
  async #hearExit(process: RunningProcess): Promise<void> {
    const { signal } = new AbortController();
    const rounds = this.#isOwn ? exitRoundsMax : 0;
    for (let round = 0; round < rounds && this.#exit?.pid !== process.pid; round++) {
      await this.#parts.clock.sleep(exitPollMs, signal);
    }
  }

  async #makeReady(signal: AbortSignal): Promise<boolean> {
    if (this.#document === null) return false;
    const abort = new AbortController();
    this.#preparation = abort;
    this.#around.onChange();
    try {
      const limit = AbortSignal.any([signal, abort.signal]);
      this.#directory = await prepare(
        this.#parts,
        this.#identity,
        this.#document,
        this.#logPath,
        limit,
      );
      this.#preparationProblem = null;
      return true;
    } catch (error) {
      this.#preparationProblem = wordsOf(error);
      this.#around.onChange();
      return false;
    } finally {
      this.#preparation = null;
    }
  }

  async #perform(command: SupervisionCommand): Promise<void> {
    switch (command.kind) {
      case "none":
        return;
      case "start":
        return this.#start();
      case "stop":
        this.#parts.say(`${this.#former.name}: stopped. ${command.reason}`);
        return this.#signalAll("SIGTERM");
      case "kill":
        return this.#signalAll("SIGKILL");
      default:
        return command satisfies never;
    }
  }

  async #start(): Promise<void> {
    if (this.#document === null || this.#directory === null) return;
    this.#prober.reset();
    this.#meter.reset();
    this.#ending = null;
    try {
      if (this.#document.check.kind !== "none") {
        this.#port = await this.#around.choosePort(this.#port);
      }
      const env = environmentOf(this.#identity, this.#document, this.#port);
      this.#running = await this.#parts.host.start({
        command: this.#document.run,
        directory: this.#directory,
        env,
        logPath: this.#logPath,
      });
      this.#isOwn = true;
      // The first question comes at once, not at the next round.
      this.#alarm.ring();
    } catch (error) {
      this.#ending = wordsOf(error);
    }
  }

  async #signalAll(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#running !== null) await this.#parts.host.signal(this.#running, signal);
  }

  #waitMs(): number {
    const now = this.#parts.clock.now();
    if (this.#document !== null && this.#running === null && this.#directory === null)
      return tickMs;
    if (this.#supervised.phase === "stopping") return stopPollMs;
    const dues = [
      supervisionDueAt(this.#rules(), this.#supervised),
      this.#running === null ? null : this.#prober.dueAt(),
    ];
    const waits = dues.filter((due) => due !== null).map((due) => Math.max(1, due - now));
    return Math.min(this.#running === null ? tickMs : alivePollMs, ...waits);
  }

  #isOver(): boolean {
    return this.#document === null && this.#running === null;
  }

  #rules(): SupervisionRules {
    return {
      check: this.#last?.check ?? { kind: "none" },
      supervision: this.#last?.supervision ?? unknownSettings(this.#former.stopTimeoutMs),
      limits: this.#identity.limits,
    };
  }

  #describe(): ProcessReport {
    const isHealthy = this.#supervised.phase === "healthy";
    const isUnready = this.#running === null && this.#directory === null && this.#document !== null;
    return {
      id: this.#former.id,
      state: isUnready || this.#supervised.phase === "idle" ? "preparing" : this.#supervised.phase,
      since: this.#supervised.since,
      pid: this.#running?.pid ?? null,
      address: this.#identity.address,
      port: this.#port,
      ...this.#usage,
      restarts: this.#supervised.restarts,
      restartWanted: this.#supervised.wanted?.reason ?? null,
      problem: isHealthy ? null : (this.#preparationProblem ?? this.#supervised.problem),
      lastLines: isHealthy ? [] : this.#parts.logs.lastLines(this.#logPath, lastLinesMax),
    };
  }
}

/** The record of a process that was never here. */
export function newRecord(document: ProcessDocument, now: number): ProcessRecord {
  return {
    id: document.id,
    name: document.name,
    releaseId: document.release.id,
    port: null,
    stopTimeoutMs: document.supervision.stopTimeoutMs,
    running: null,
    supervised: neverStarted(now),
  };
}

/** Words for a person: ours are sentences already, a bug's are its message. */
export function wordsOf(error: unknown): string {
  return error instanceof Failure || error instanceof Error ? error.message : String(error);
}

function describeExit(exit: ProcessExit | null): string {
  if (exit === null) return "It ended";
  return exit.signal === null
    ? `It ended with code ${exit.code ?? 0}`
    : `It was ended by ${exit.signal}`;
}

function isNews(before: Supervised, after: Supervised): boolean {
  return (
    before.phase !== after.phase ||
    before.wanted?.reason !== after.wanted?.reason ||
    before.restarts !== after.restarts
  );
}

/** A process that only the record knows is only ever stopped. */
function unknownSettings(stopTimeoutMs: number): SupervisionRules["supervision"] {
  return {
    startGraceMs: 0,
    restartGraceMs: 0,
    memoryBytesMax: null,
    cpuMax: null,
    stopTimeoutMs,
  };
}
