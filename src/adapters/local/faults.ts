import { setTimeout as sleep } from "node:timers/promises";
import { processMarker } from "../../core/markers.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineFaults } from "../../ports/machine-faults.ts";
import type { ProcessEntry, ProcessSignal, ProcessTable } from "../../ports/process-table.ts";
import { findLife } from "./life.ts";
import type { Life } from "./life.ts";

/** What is killed takes a moment to be gone, and may have started others before: looked again, at most so often. */
const roundsMax = 400;
const pollMs = 5;

export interface LocalFaults extends Pick<MachineFaults, "kill" | "freeze" | "thaw"> {
  /** Ends the balancer's own processes on the machine; its agent lives. */
  killBalancer(machine: string): Promise<void>;
}

/** Faults of machines that are processes of this computer, found by their markers. Their network cannot be cut. */
export function createLocalFaults(options: {
  readonly siteId: string;
  readonly processes: ProcessTable;
}): LocalFaults {
  const { siteId, processes } = options;
  const lifeOf = async (machine: string): Promise<Life> => {
    const life = (await findLife(processes, siteId)).get(machine);
    if (life !== undefined) return life;
    throw new Failure("not_found", `Cannot harm ${machine}: there is no such machine`);
  };
  const signalAll = async (machine: string, signal: ProcessSignal): Promise<void> => {
    const { agents, others } = await lifeOf(machine);
    for (const entry of [...agents, ...others]) await processes.signal(entry, signal);
  };
  return {
    freeze: (machine) => signalAll(machine, "SIGSTOP"),
    thaw: (machine) => signalAll(machine, "SIGCONT"),
    async kill(machine) {
      // A stopped agent starts nothing again. It goes last: a machine that has lost only its agent gets a new one.
      await signalAll(machine, "SIGSTOP");
      for (let round = 0; round < roundsMax; round += 1) {
        const life = (await findLife(processes, siteId)).get(machine);
        if (life === undefined) return;
        const next = life.others.length > 0 ? life.others : life.agents;
        for (const entry of next) await processes.signal(entry, "SIGKILL");
        await sleep(pollMs);
      }
      throw new Failure("unavailable", `Cannot kill ${machine}: its processes do not end`);
    },
    async killBalancer(machine) {
      const own = await balancerOf(processes, (await lifeOf(machine)).others);
      if (own.length === 0) {
        throw new Failure("not_found", `Cannot kill the balancer of ${machine}: it does not run`);
      }
      for (const entry of own) await processes.signal(entry, "SIGKILL");
    },
  };
}

/** Neither the agent nor anything it supervises: the balancer's master and workers. The master first, which would start others. */
async function balancerOf(
  processes: ProcessTable,
  others: readonly ProcessEntry[],
): Promise<readonly ProcessEntry[]> {
  const own: ProcessEntry[] = [];
  for (const entry of others) {
    if (!(await processes.environment(entry.pid)).has(processMarker)) own.push(entry);
  }
  return own.toSorted((a, b) => a.startTicks - b.startTicks || a.pid - b.pid);
}
