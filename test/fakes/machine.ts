import assert from "node:assert/strict";
import type { AgentParts } from "../../src/agent/parts.ts";
import type { MachineDocument } from "../../src/core/document.ts";
import type { AgentMessage, ControllerMessage } from "../../src/core/messages.ts";
import type { AgentReport } from "../../src/core/report.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { MachineRecord } from "../../src/ports/machine-records.ts";
import type { ProcessExit, ProcessOrder, RunningProcess } from "../../src/ports/process-host.ts";

/** A machine in memory, whose time passes only when a test says so. */
export class FakeMachine {
  now = 1_000_000;
  readonly sleepers = new Set<{ until: number; wake: () => void }>();
  readonly running = new Map<number, ProcessOrder>();
  readonly exitListeners: ((process: RunningProcess, exit: ProcessExit) => void)[] = [];
  readonly starts: ProcessOrder[] = [];
  readonly signals: string[] = [];
  readonly said: string[] = [];
  readonly sent: Exclude<AgentMessage, { kind: "hello" }>[] = [];
  readonly kept: string[][] = [];
  readonly activated: string[] = [];
  readonly converged: number[] = [];
  lines: string[] = [];
  isServing = true;
  isDeaf = false;
  isHome = true;
  connects = 0;
  convergeProblem: string | null = null;
  releaseProblem: string | null = null;
  recordProblem: string | null = null;
  stored: MachineDocument | null = null;
  record: MachineRecord = { processes: [], tasks: [], releases: [] };
  deliver: ((message: ControllerMessage) => void) | null = null;
  hangUp: (() => void) | null = null;
  #pid = 100;

  parts(hasBalancer: boolean): AgentParts {
    return {
      clock: {
        now: () => this.now,
        deadline: () => new AbortController().signal,
        sleep: (ms, signal) => this.#sleep(ms, signal),
      },
      random: () => 0.5,
      host: {
        start: async (order) => this.#start(order),
        adopt: async (handle) => handle,
        isAlive: async (process) => this.running.has(process.pid),
        signal: async (process, signal) => this.#signal(process.pid, signal),
        hasRemains: async () => false,
        leaders: async () =>
          [...this.running].map(([pid, { env }]) => ({
            pid,
            startTicks: pid,
            env: new Map(Object.entries(env)),
          })),
        usage: async () => ({ cpuSeconds: 0, memoryBytes: 5 }),
        usageOfMachine: async () => ({ cpuSeconds: 0, memoryBytes: 9 }),
        onExit: (listener) => void this.exitListeners.push(listener),
        freePort: async (_address, wish) => wish.preferred ?? 20_000 + wish.promised.length,
      },
      releases: {
        ensure: async (release) => {
          if (this.releaseProblem !== null) throw new Failure("unavailable", this.releaseProblem);
          return `/releases/${release.id}`;
        },
        activate: async (id) => void this.activated.push(id),
        keepOnly: async (ids) => void this.kept.push([...ids]),
      },
      provisioner: { apply: async () => undefined },
      probe: { check: async () => (this.isServing ? null : "nothing listens") },
      logs: {
        follow: () => undefined,
        unfollow: () => undefined,
        read: (now) => {
          const lines = this.lines.map((text) => ({ at: now, process: "web-1.1", text }));
          this.lines = [];
          return { lines, dropped: 0 };
        },
        lastLines: () => ["last words"],
      },
      link: {
        connect: async (onMessage) => this.#connect(onMessage),
        fetchRelease: () => Promise.reject(new Error("not asked for")),
      },
      documents: {
        load: async () => this.stored,
        save: async (document) => void (this.stored = document),
      },
      records: {
        load: async () => {
          if (this.recordProblem !== null) throw new Failure("rejected", this.recordProblem);
          return this.record;
        },
        save: async (record) => void (this.record = record),
      },
      balancer: hasBalancer
        ? {
            converge: async (_document, generation) => {
              if (this.convergeProblem !== null)
                throw new Failure("rejected", this.convergeProblem);
              this.converged.push(generation);
            },
            report: async () => ({
              engine: "fake",
              pid: 1,
              isServing: true,
              generation: this.converged.at(-1) ?? 0,
              reloads: 0,
              drift: [],
              problem: null,
              totals: { epoch: "1", requests: 0, failed: 0 },
              pools: [],
              servers: [],
            }),
            onNews: () => undefined,
            detach: async () => void this.said.push("detached"),
            stop: async () => undefined,
          }
        : null,
      say: (text) => void this.said.push(text),
    };
  }

  /** Lets time pass, in steps small enough that everybody who wakes can act. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    while (this.now < end) {
      const next = Math.min(end, ...[...this.sleepers].map((it) => it.until));
      this.now = Math.max(this.now, next);
      for (const sleeper of this.sleepers) if (sleeper.until <= this.now) sleeper.wake();
      await settle();
    }
  }

  end(pid: number, code: number): void {
    this.running.delete(pid);
    for (const listener of this.exitListeners) {
      listener({ pid, startTicks: pid }, { code, signal: null });
    }
  }

  reports(): AgentReport[] {
    return this.sent.filter((it) => it.kind === "report").map((it) => it.report);
  }

  last(): AgentReport {
    const report = this.reports().at(-1);
    assert.ok(report !== undefined, "no report yet");
    return report;
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const sleeper = {
        until: this.now + ms,
        wake: () => {
          this.sleepers.delete(sleeper);
          signal.removeEventListener("abort", sleeper.wake);
          resolve();
        },
      };
      this.sleepers.add(sleeper);
      signal.addEventListener("abort", sleeper.wake, { once: true });
    });
  }

  #start(order: ProcessOrder): RunningProcess {
    this.#pid += 1;
    this.starts.push(order);
    this.running.set(this.#pid, order);
    return { pid: this.#pid, startTicks: this.#pid };
  }

  #signal(pid: number, signal: string): void {
    if (!this.running.has(pid)) return;
    this.signals.push(`${signal} ${pid}`);
    if (signal === "SIGKILL" || !this.isDeaf) this.end(pid, 0);
  }

  async #connect(onMessage: (message: ControllerMessage) => void) {
    this.connects += 1;
    if (!this.isHome) throw new Failure("unavailable", "Cannot reach the controller: refused");
    this.deliver = onMessage;
    const ended = new Promise<string>((resolve) => (this.hangUp = () => resolve("hung up")));
    return {
      send: (message: Exclude<AgentMessage, { kind: "hello" }>) => this.sent.push(message) > 0,
      ended,
      silentMs: () => 0,
      close: () => this.hangUp?.(),
    };
  }
}

/** Everything that only waits for promises goes on until it waits for time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
