import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agentMarker, machineMarker } from "../../core/markers.ts";
import type { ProcessEntry, ProcessTable } from "../../ports/process-table.ts";
import { createLocalFaults } from "./faults.ts";

const AGENT = 100;

/** Processes of one machine that die at the second look after they were killed, as on a busy computer. */
function slowToDie(pids: readonly number[]): { table: ProcessTable; told: string[] } {
  const told: string[] = [];
  const looksLeft = new Map<number, number>();
  const living = new Set(pids);
  const own = { parent: 1, cpuSeconds: 0, memoryBytes: 0 };
  const entryOf = (pid: number): ProcessEntry => ({
    ...own,
    pid,
    group: pid,
    session: pid,
    startTicks: pid,
  });
  const id = "site/web-1";
  const table: ProcessTable = {
    list: async () => {
      for (const [pid, left] of looksLeft) {
        looksLeft.set(pid, left - 1);
        if (left <= 0) living.delete(pid);
      }
      return [...living].map(entryOf);
    },
    find: async (pid) => (living.has(pid) ? entryOf(pid) : null),
    environment: async (pid) =>
      new Map([[machineMarker, id], ...(pid === AGENT ? [[agentMarker, id] as const] : [])]),
    async signal({ pid }, signal) {
      if (signal === "SIGKILL" && !looksLeft.has(pid)) {
        looksLeft.set(pid, 1);
        told.push(`${pid} of ${[...living].join(" ")}`);
      }
    },
  };
  return { table, told };
}

describe("a machine that is killed", () => {
  it("loses its agent last, so that nobody takes it for one that has lost only that", async () => {
    const { table, told } = slowToDie([AGENT, 101, 102]);
    await createLocalFaults({ siteId: "site", processes: table }).kill("web-1");
    assert.deepEqual(told, ["101 of 100 101 102", "102 of 100 101 102", "100 of 100"]);
  });
});
