import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProcessHost } from "../../src/adapters/process/process-host.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import { describeProcessHost } from "./process-host.ts";

describeProcessHost("this computer as a process host", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-host-"));
  // Below the range that outgoing connections are given, and different in every run.
  const firstPort = 16_000 + (process.pid % 1_000) * 3;
  const host = createProcessHost({
    machineId: `host-test-${process.pid}`,
    ports: { first: firstPort, last: firstPort + 2 },
    table: createProcessTable(),
    user: null,
  });
  return {
    host,
    directory,
    firstPort,
    async countProcesses(commands) {
      const lines = execFileSync("ps", ["-axo", "stat=,args="], { encoding: "utf8" }).split("\n");
      return lines.filter(
        (line) => !line.startsWith("Z") && commands.some((it) => line.endsWith(it)),
      ).length;
    },
    async close() {
      for (const leader of await host.leaders()) await host.signal(leader, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
