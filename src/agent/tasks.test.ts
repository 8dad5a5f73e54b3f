import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeMachine } from "../../test/fakes/machine.ts";
import type { MachineDocument } from "../core/document.ts";
import { taskMarker } from "../core/markers.ts";
import { supervisionLimits } from "../core/supervision/rules.ts";
import { Failure } from "../ports/failure.ts";
import type { TaskRecord } from "../ports/machine-records.ts";
import { runAgent } from "./agent.ts";
import type { AgentIdentity, AgentParts } from "./parts.ts";

const identity: AgentIdentity = {
  machine: "web-1",
  role: "web",
  bootId: "boot",
  address: "127.0.0.1",
  logsDirectory: "/logs",
  env: {},
  limits: supervisionLimits,
};
const document: MachineDocument = {
  generation: 1,
  machine: "web-1",
  role: "web",
  processes: [],
  tasks: [
    {
      id: "run-1",
      release: { id: "r1", archiveSha256: "0", bytes: 1 },
      run: "npm run migrate",
      env: {},
      secrets: {},
      provisioning: { packages: [], files: [], setup: [] },
      timeoutMs: 20_000,
    },
  ],
  balancer: null,
};
const begun: TaskRecord = { id: "run-1", running: null, startedAt: 1_000_000, report: null };

/** An agent's life on that machine, from its start to its end. */
async function live(parts: AgentParts, machine: FakeMachine, lives: () => Promise<void>) {
  machine.stored = document;
  const leaving = new AbortController();
  const over = runAgent(parts, identity, leaving.signal);
  await machine.pass(1_000);
  try {
    await lives();
  } finally {
    leaving.abort();
    machine.hangUp?.();
    await over;
  }
}

describe("a command that is run once", () => {
  it("does not begin before its beginning is on the disk, nor for ever", async () => {
    const machine = new FakeMachine();
    const parts = machine.parts(false);
    const disk = { isFull: true, kept: 0 };
    const save: AgentParts["records"]["save"] = async (record) => {
      if (disk.isFull) throw new Failure("rejected", "Cannot write: no space left");
      disk.kept = record.tasks.length;
    };
    const full = { ...parts, records: { ...parts.records, save } };
    await live(full, machine, async () => {
      await machine.pass(5_000);
      assert.equal(machine.starts.length, 0);
      disk.isFull = false;
      await machine.pass(2_000);
      assert.deepEqual([machine.starts.length, disk.kept], [1, 1]);
    });
    const other = new FakeMachine();
    disk.isFull = true;
    const never = { ...other.parts(false), records: full.records };
    await live(never, other, async () => {
      await other.pass(25_000);
      const [report] = other.last().tasks;
      assert.deepEqual([report?.state, other.starts.length], ["failed", 0]);
      assert.match(report?.lastLines.at(-1) ?? "", /could not be written down/);
    });
  });

  it("is not begun again when its agent died while it began", async () => {
    const machine = new FakeMachine();
    machine.record = { processes: [], tasks: [begun], releases: [] };
    await live(machine.parts(false), machine, async () => {
      const [report] = machine.last().tasks;
      assert.deepEqual([report?.state, machine.starts.length], ["failed", 0]);
      assert.match(report?.lastLines.at(-1) ?? "", /it may have run/);
    });
  });

  it("goes on when it had begun, though its agent could not write down as which process", async () => {
    const machine = new FakeMachine();
    machine.record = { processes: [], tasks: [begun], releases: [] };
    const order = { command: "", directory: "/", logPath: "", env: { [taskMarker]: "run-1" } };
    machine.running.set(7, order);
    await live(machine.parts(false), machine, async () => {
      assert.deepEqual([machine.last().tasks[0]?.state, machine.signals], ["running", []]);
      assert.deepEqual(machine.record.tasks[0]?.running, { pid: 7, startTicks: 7 });
    });
    assert.deepEqual([machine.starts.length, machine.signals], [0, []]);
  });
});
