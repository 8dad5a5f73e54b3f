import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProcessHost } from "../../src/adapters/process/process-host.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import { describeProcessHost } from "./process-host.ts";
import { describeProcessLife } from "./process-life.ts";

describeProcessLife("this computer as a process host", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-host-"));
  const first = 19_000 + (process.pid % 300) * 3;
  const table = createProcessTable();
  const reopen = () =>
    createProcessHost({
      machineId: `host-life-${process.pid}`,
      ports: { first, last: first + 2 },
      table,
      user: null,
    });
  const host = reopen();
  return {
    host,
    reopen,
    order: (kind) => ({
      command: kind === "stays" ? "sleep 60" : "true",
      directory,
      env: { PATH: process.env["PATH"] ?? "", COLOR: "blue" },
      logPath: join(directory, "out.log"),
    }),
    async close() {
      for (const leader of await host.leaders()) await host.signal(leader, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
});

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
