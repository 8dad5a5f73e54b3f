/** Everything that runs on this computer, as the system lists it. Ended but unreaped processes are not in it. */
export interface ProcessTable {
  list(): Promise<readonly ProcessEntry[]>;
  find(pid: number): Promise<ProcessEntry | null>;
  /** Environment the process was started with; empty when it may not be read. */
  environment(pid: number): Promise<ReadonlyMap<string, string>>;
  /** Sends the signal if the process still is the listed one; a process that has ended is no error. */
  signal(entry: ProcessEntry, signal: ProcessSignal): Promise<void>;
}

/** Asked to end, ended, stopped where it is, let go on. */
export type ProcessSignal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Start time as the system counts it. */
  readonly startTicks: number;
  /** Own and of ended children it has waited for. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
