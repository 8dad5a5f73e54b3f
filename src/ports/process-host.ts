/** Processes on this machine. They outlive the agent: a restarted agent finds them again by `adopt`. */
export interface ProcessHost {
  /** Starts the command in a session and process group of its own, output appended to `logPath`. */
  start(order: ProcessOrder): Promise<RunningProcess>;
  /** The process if it still is the one that was started (pid and start time agree), else null. */
  adopt(handle: RunningProcess): Promise<RunningProcess | null>;
  isAlive(process: RunningProcess): Promise<boolean>;
  /** Sends the signal to the whole process group and to whatever left it but carries its marker. */
  signal(process: RunningProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  usage(process: RunningProcess): Promise<ProcessUsage>;
  /** Called when a process that this agent started has ended; adopted ones are found by `isAlive`. */
  onExit(listener: (process: RunningProcess, exit: ProcessExit) => void): void;
  /** True while anything of it lives: its group, its session, or what left them but carries its marker. */
  hasRemains(process: RunningProcess): Promise<boolean>;
  /** Every process of this machine that a host has started and that still runs, on record or not. */
  leaders(): Promise<readonly Leader[]>;
  /** Of everything that runs on this machine, agent and balancer included. */
  usageOfMachine(): Promise<ProcessUsage>;
  /** A free TCP port on the address, from the machine's own range. Throws `Failure` when there is none. */
  freePort(address: string, wish: PortWish): Promise<number>;
}

export interface PortWish {
  /** Taken again if it is still free. */
  readonly preferred: number | null;
  /** Promised to others that may not listen yet. */
  readonly promised: readonly number[];
}

export interface ProcessOrder {
  readonly command: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
}

export interface RunningProcess {
  readonly pid: number;
  /** Start time as the system counts it: tells a reused pid. */
  readonly startTicks: number;
}

export interface Leader extends RunningProcess {
  /** What it was started with. */
  readonly env: ReadonlyMap<string, string>;
}

/** Of the process and all its descendants. */
export interface ProcessUsage {
  /** CPU seconds used so far. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}
