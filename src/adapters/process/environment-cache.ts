import type { ProcessEntry } from "../../ports/process-table.ts";

/** A process may still replace its program, and with it its environment, in its first moments. */
const settledMs = 2_000;
/** Who does so later is seen this late. */
const keptMs = 30_000;

type Environment = ReadonlyMap<string, string>;

interface Kept {
  readonly startTicks: number;
  readonly firstReadAt: number;
  readonly readAt: number;
  readonly environment: Environment;
}

/** Remembers environments between looks: reading that of every process each second costs more than all else. */
export interface EnvironmentCache {
  /** Takes note of who lives, so that a reused pid is told apart. */
  see(entries: readonly ProcessEntry[]): void;
  get(pid: number): Environment;
}

export function createEnvironmentCache(
  read: (pid: number) => Environment,
  now: () => number,
): EnvironmentCache {
  const kept = new Map<number, Kept>();
  let started: ReadonlyMap<number, number> = new Map();
  return {
    see(entries) {
      started = new Map(entries.map((entry) => [entry.pid, entry.startTicks]));
      for (const pid of kept.keys()) if (!started.has(pid)) kept.delete(pid);
    },
    get(pid) {
      const startTicks = started.get(pid);
      if (startTicks === undefined) return read(pid);
      const at = now();
      const known = kept.get(pid);
      const isSame = known?.startTicks === startTicks;
      const isSettled = isSame && known.readAt - known.firstReadAt >= settledMs;
      if (isSettled && at - known.readAt < keptMs) return known.environment;
      const firstReadAt = isSame ? known.firstReadAt : at;
      const environment = read(pid);
      kept.set(pid, { startTicks, firstReadAt, readAt: at, environment });
      return environment;
    },
  };
}
