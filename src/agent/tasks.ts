import type { TaskDocument } from "../core/document.ts";
import type { TaskReport } from "../core/report.ts";
import type { TaskRecord } from "../ports/machine-records.ts";
import { Failure } from "../ports/failure.ts";
import type { RunningProcess } from "../ports/process-host.ts";
import { environmentOf, logPathOf } from "./environment.ts";
import type { AgentIdentity, AgentParts } from "./parts.ts";
import { tickMs } from "./parts.ts";
import { prepare } from "./prepare.ts";
import { wordsOf } from "./runner.ts";

/** Runs the one-off commands of the document, each once at most: nothing begins before its beginning is on the disk. */
export interface Tasks {
  want(documents: readonly TaskDocument[], signal: AbortSignal): void;
  reports(): readonly TaskReport[];
  records(): readonly TaskRecord[];
}

interface Task {
  record: TaskRecord;
  /** From here on nobody begins it again. */
  isBegun: boolean;
  readonly ending: AbortController;
}

const lastLinesMax = 20;
const pollMs = 50;
const endedLine = /^\[ended with code (\d+)\]$/;

export interface TaskSurroundings {
  readonly parts: AgentParts;
  readonly identity: AgentIdentity;
  readonly onChange: () => void;
  /** Writes `records` down; false: the disk does not take it. */
  readonly keep: () => Promise<boolean>;
}

/** `former`: what the agent before this one knew. */
export function createTasks(around: TaskSurroundings, former: readonly TaskRecord[]): Tasks {
  return new MachineTasks(around, former);
}

class MachineTasks implements Tasks {
  readonly #parts: AgentParts;
  readonly #identity: AgentIdentity;
  readonly #onChange: () => void;
  readonly #keep: () => Promise<boolean>;
  /** Of a former agent, until the first document. */
  readonly #known: Map<string, TaskRecord>;
  readonly #tasks = new Map<string, Task>();

  constructor(around: TaskSurroundings, former: readonly TaskRecord[]) {
    this.#parts = around.parts;
    this.#identity = around.identity;
    this.#onChange = around.onChange;
    this.#keep = around.keep;
    this.#known = new Map(former.map((record) => [record.id, record]));
  }

  want(documents: readonly TaskDocument[], signal: AbortSignal): void {
    for (const [id, task] of this.#tasks) {
      if (documents.some((document) => document.id === id)) continue;
      task.ending.abort();
      this.#tasks.delete(id);
      this.#parts.logs.unfollow(this.#nameOf(id));
    }
    for (const document of documents) {
      if (!this.#tasks.has(document.id)) this.#begin(document, signal);
    }
    // Begun by a former agent, and not wanted any more.
    for (const { id, running } of this.#known.values()) {
      if (running !== null && !this.#tasks.has(id)) void this.#end(running);
    }
    this.#known.clear();
  }

  reports(): readonly TaskReport[] {
    return [...this.#tasks.values()].map(reportOf);
  }

  records(): readonly TaskRecord[] {
    // Until a document has come, what is known is what was known.
    const begun = [...this.#tasks.values()].filter((task) => task.isBegun);
    return [...this.#known.values(), ...begun.map((task) => task.record)];
  }

  #begin(document: TaskDocument, signal: AbortSignal): void {
    const fresh = {
      id: document.id,
      running: null,
      startedAt: this.#parts.clock.now(),
      report: null,
    };
    const known = this.#known.get(document.id);
    const isBegun = known !== undefined;
    const task = { record: known ?? fresh, isBegun, ending: new AbortController() };
    this.#tasks.set(document.id, task);
    if (task.record.report === null) void this.#follow(document, task, signal);
  }

  async #follow(document: TaskDocument, task: Task, signal: AbortSignal): Promise<void> {
    const logPath = logPathOf(this.#identity, this.#nameOf(document.id));
    const limit = AbortSignal.any([signal, task.ending.signal]);
    try {
      if (task.isBegun && task.record.running === null) {
        return this.#finish(task, logPath, "Its agent died while it began: it may have run");
      }
      const running = task.record.running ?? (await this.#start(document, task, logPath, limit));
      if (running === null) return;
      this.#update(task, { running });
      const isInTime = await this.#watch(document, task, running, limit);
      // The agent leaves, the task goes on: the next agent watches it.
      if (signal.aborted) return;
      await this.#parts.host.signal(running, "SIGKILL");
      this.#finish(
        task,
        logPath,
        isInTime ? null : `It did not end within ${document.timeoutMs} ms`,
      );
    } catch (error) {
      if (!signal.aborted) this.#finish(task, logPath, wordsOf(error));
    }
  }

  async #start(
    document: TaskDocument,
    task: Task,
    logPath: string,
    signal: AbortSignal,
  ): Promise<RunningProcess | null> {
    const directory = await prepare(this.#parts, this.#identity, document, logPath, signal);
    if (signal.aborted || !(await this.#enter(document, task, signal))) return null;
    const env = { ...environmentOf(this.#identity, document, null), TIDEMILL_TASK: document.run };
    // The code goes to the log as well, because an agent that restarts in between cannot ask for it.
    const command = `/bin/sh -c "$TIDEMILL_TASK"; code=$?; printf '\\n[ended with code %s]\\n' "$code"`;
    this.#parts.logs.follow(this.#nameOf(document.id), logPath, "end");
    return this.#parts.host.start({ command, directory, env, logPath });
  }

  /** Whether it may begin now. What is on no record would be begun again by the next agent. */
  async #enter(document: TaskDocument, task: Task, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts;
    const until = task.record.startedAt + document.timeoutMs;
    task.isBegun = true;
    while (!(await this.#keep()) && !signal.aborted) {
      if (clock.now() >= until)
        throw new Failure("rejected", "Cannot begin it: its beginning could not be written down");
      await clock.sleep(tickMs, signal);
    }
    if (signal.aborted) task.isBegun = false;
    return !signal.aborted;
  }

  async #watch(
    document: TaskDocument,
    task: Task,
    running: RunningProcess,
    signal: AbortSignal,
  ): Promise<boolean> {
    const until = task.record.startedAt + document.timeoutMs;
    while (await this.#parts.host.isAlive(running)) {
      const now = this.#parts.clock.now();
      if (signal.aborted || now >= until) return false;
      await this.#parts.clock.sleep(Math.min(pollMs, until - now), signal);
    }
    return true;
  }

  async #end(running: RunningProcess): Promise<void> {
    const { host, say } = this.#parts;
    try {
      const adopted = await host.adopt(running);
      if (adopted !== null) await host.signal(adopted, "SIGKILL");
    } catch (error) {
      say(wordsOf(error));
    }
  }

  /** As people see it in the logs. */
  #nameOf(id: string): string {
    return `${this.#identity.machine}.task-${id}`;
  }

  #finish(task: Task, logPath: string, problem: string | null): void {
    const lines = this.#parts.logs.lastLines(logPath, lastLinesMax);
    const code = problem === null ? codeIn(lines) : null;
    const shown = lines.filter((line) => !endedLine.test(line));
    const why =
      problem ?? (code === null ? "It was ended before it could tell its exit code" : null);
    const report: TaskReport = {
      id: task.record.id,
      state: code === 0 ? "done" : "failed",
      exitCode: code,
      lastLines: why === null ? shown : [...shown, why],
    };
    task.isBegun = true;
    this.#update(task, { report, running: null });
  }

  #update(task: Task, change: Partial<TaskRecord>): void {
    task.record = { ...task.record, ...change };
    this.#onChange();
  }
}

function reportOf(task: Task): TaskReport {
  const running = { id: task.record.id, state: "running", exitCode: null, lastLines: [] } as const;
  return task.record.report ?? running;
}

function codeIn(lines: readonly string[]): number | null {
  const found = endedLine.exec(lines.at(-1) ?? "")?.[1];
  return found === undefined ? null : Number(found);
}
