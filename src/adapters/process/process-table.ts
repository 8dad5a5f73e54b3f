import type { ProcessEntry, ProcessSignal, ProcessTable } from "../../ports/process-table.ts";
import { Failure } from "../../ports/failure.ts";
import { createEnvironmentCache } from "./environment-cache.ts";
import { listLinux, readEnvironment, readStat } from "./linux.ts";
import { listByPs, readEnvironmentByPs } from "./ps.ts";

/** The system's processes: by /proc on Linux, by `ps` elsewhere. */
export function createProcessTable(): ProcessTable {
  return process.platform === "linux" ? createLinuxTable() : createPsTable();
}

function createLinuxTable(): ProcessTable {
  const environments = createEnvironmentCache(readEnvironment, () => performance.now());
  const table: ProcessTable = {
    async list() {
      const entries = listLinux();
      environments.see(entries);
      return entries;
    },
    find: async (pid) => readStat(pid),
    environment: async (pid) => environments.get(pid),
    signal: (entry, signal) => signalEntry(table, entry, signal),
  };
  return table;
}

function createPsTable(): ProcessTable {
  const table: ProcessTable = {
    list: () => listByPs([]),
    find: async (pid) => (await listByPs(["-p", String(pid)]))[0] ?? null,
    environment: readEnvironmentByPs,
    signal: (entry, signal) => signalEntry(table, entry, signal),
  };
  return table;
}

async function signalEntry(
  table: ProcessTable,
  entry: ProcessEntry,
  signal: ProcessSignal,
): Promise<void> {
  const now = await table.find(entry.pid);
  if (now === null || now.startTicks !== entry.startTicks) return;
  try {
    process.kill(entry.pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return;
    const words = (cause as Error).message;
    throw new Failure("rejected", `Cannot send ${signal} to process ${entry.pid}: ${words}`, {
      cause,
    });
  }
}
