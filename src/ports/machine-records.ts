import type { TaskReport } from "../core/report.ts";
import type { Supervised } from "../core/supervision/supervised.ts";
import type { RunningProcess } from "./process-host.ts";

/** What an agent must remember to take over from the one before it. */
export interface MachineRecords {
  load(): Promise<MachineRecord>;
  save(record: MachineRecord): Promise<void>;
}

export interface MachineRecord {
  readonly processes: readonly ProcessRecord[];
  readonly tasks: readonly TaskRecord[];
  /** Ids of releases, last used first. */
  readonly releases: readonly string[];
}

export interface ProcessRecord {
  readonly id: number;
  readonly name: string;
  readonly releaseId: string;
  readonly port: number | null;
  readonly stopTimeoutMs: number;
  readonly running: RunningProcess | null;
  readonly supervised: Supervised;
}

/**
 * A command that has begun, or is about to: it is not begun again. `report` null: it runs, or its end has not
 * been seen. `running` null as well: its agent died before it could write down which process it is.
 */
export interface TaskRecord {
  readonly id: string;
  readonly running: RunningProcess | null;
  readonly startedAt: number;
  readonly report: TaskReport | null;
}
