import {
  flag,
  isMisfit,
  list,
  nullable,
  number,
  oneOf,
  reasonOf,
  record,
  text,
  whole,
} from "../../core/received/shape.ts";
import type { Shape } from "../../core/received/shape.ts";
import type { Supervised } from "../../core/supervision/supervised.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineRecord, MachineRecords } from "../../ports/machine-records.ts";
import { readJson, writeDurably } from "./durable-file.ts";

const empty: MachineRecord = { processes: [], tasks: [], releases: [] };

/** The agent's own notes, one JSON file. */
export function createMachineRecords(path: string): MachineRecords {
  return {
    async load() {
      const stored = await readJson(path);
      if (stored === null) return empty;
      const read = machineRecord(stored);
      if (!isMisfit(read)) return read;
      throw new Failure("rejected", `Cannot read ${path}: ${reasonOf(read)}`);
    },
    save: (record) => writeDurably(path, JSON.stringify(record)),
  };
}

const itemsMax = 100_000;
const count = whole(0, Number.MAX_SAFE_INTEGER);
const instant = number(0, Number.MAX_SAFE_INTEGER);
const name = text(4_000);
const words = text(1_000_000);

/** A signal to 0 would go to the agent itself, one to 1 to everything. */
const running = nullable(record({ pid: whole(2, 2 ** 31), startTicks: count }));

const supervised: Shape<Supervised> = record({
  phase: oneOf("idle", "starting", "healthy", "unhealthy", "waiting", "unmonitored", "stopping"),
  since: instant,
  startedAt: nullable(instant),
  until: nullable(instant),
  wasHealthy: flag,
  passes: count,
  fails: count,
  restarts: count,
  restartedAt: list(instant, itemsMax),
  failures: count,
  rests: count,
  memoryAbove: list(flag, itemsMax),
  cpuAbove: list(flag, itemsMax),
  wanted: nullable(record({ reason: words, since: instant })),
  problem: nullable(words),
});

const machineRecord: Shape<MachineRecord> = record({
  processes: list(
    record({
      id: count,
      name,
      releaseId: name,
      port: nullable(whole(1, 65_535)),
      stopTimeoutMs: instant,
      running,
      supervised,
    }),
    itemsMax,
  ),
  tasks: list(
    record({
      id: name,
      running,
      startedAt: instant,
      report: nullable(
        record({
          id: name,
          state: oneOf("running", "done", "failed"),
          exitCode: nullable(whole(0, 65_535)),
          lastLines: list(words, itemsMax),
        }),
      ),
    }),
    itemsMax,
  ),
  releases: list(name, itemsMax),
});
