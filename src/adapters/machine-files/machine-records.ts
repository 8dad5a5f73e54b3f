import type { MachineRecord, MachineRecords } from "../../ports/machine-records.ts";
import { readJson, writeDurably } from "./durable-file.ts";

const empty: MachineRecord = { processes: [], tasks: [], releases: [] };

/** The agent's own notes, one JSON file. */
export function createMachineRecords(path: string): MachineRecords {
  return {
    load: async () => ((await readJson(path)) as MachineRecord | null) ?? empty,
    save: (record) => writeDurably(path, JSON.stringify(record)),
  };
}
