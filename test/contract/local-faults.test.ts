import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { createLocalFaults } from "../../src/adapters/local/faults.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import { agentMarker, machineMarker, processMarker } from "../../src/core/markers.ts";
import { until } from "../harness/until.ts";

const siteId = `faults-${process.pid}`;
const processes = createProcessTable();
const faults = createLocalFaults({ siteId, processes });
const started: number[] = [];

/** A process of the machine, in a session of its own, as agents and what they start have it. */
async function start(machine: string, more: Readonly<Record<string, string>>): Promise<number> {
  const env = { PATH: process.env["PATH"] ?? "", [machineMarker]: `${siteId}/${machine}`, ...more };
  const child = spawn("/bin/sh", ["-c", "while :; do sleep 0.05; done"], {
    env,
    stdio: "ignore",
    detached: true,
  });
  await new Promise((resolve) => child.once("spawn", resolve));
  const { pid = 0 } = child;
  started.push(pid);
  // What has just been forked still shows its parent's environment.
  await until(`${pid} runs`, async () => (await processes.environment(pid)).has(machineMarker));
  return pid;
}

async function raise(machine: string) {
  const agent = await start(machine, { [agentMarker]: `${siteId}/${machine}` });
  const server = await start(machine, { [processMarker]: "1" });
  const balancer = await start(machine, {});
  return { agent, server, balancer };
}

const isAlive = async (pid: number): Promise<boolean> => (await processes.find(pid)) !== null;

function isStopped(pid: number): boolean {
  return /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

describe(
  "faults of local machines",
  { skip: process.platform !== "linux" && "needs /proc" },
  () => {
    after(() => {
      for (const pid of started) {
        try {
          process.kill(-pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
    });

    it("kill ends everything on the machine, and nothing on another", async () => {
      const one = await raise("web-1");
      const two = await raise("web-2");
      await faults.kill("web-1");
      for (const pid of Object.values(one)) assert.equal(await isAlive(pid), false);
      for (const pid of Object.values(two)) assert.equal(await isAlive(pid), true);
      await assert.rejects(faults.kill("web-1"), { name: "Failure", code: "not_found" });
    });

    it("killing the balancer leaves the agent and what it supervises", async () => {
      const { agent, server, balancer } = await raise("lb-1");
      await faults.killBalancer("lb-1");
      await until("it has ended", async () => !(await isAlive(balancer)));
      assert.deepEqual([await isAlive(agent), await isAlive(server)], [true, true]);
      await until("nothing else is left of it", async () =>
        faults.killBalancer("lb-1").then(
          () => false,
          (failure: { readonly code?: string }) => failure.code === "not_found",
        ),
      );
    });

    it("freeze stops everything where it is, thaw lets it go on, each of them twice", async () => {
      const pids = Object.values(await raise("web-3"));
      for (let turn = 0; turn < 2; turn += 1) await faults.freeze("web-3");
      await until("all stand still", () => pids.every(isStopped));
      for (let turn = 0; turn < 2; turn += 1) await faults.thaw("web-3");
      await until("all go on", () => !pids.some(isStopped));
      await assert.rejects(faults.freeze("web-9"), { code: "not_found" });
    });
  },
);
