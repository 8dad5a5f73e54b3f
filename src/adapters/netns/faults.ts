import { existsSync } from "node:fs";
import { groundMarker, machineId } from "../../core/markers.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineFaults } from "../../ports/machine-faults.ts";
import { openCgroups } from "./cgroup.ts";
import { namesOf } from "./names.ts";
import type { NetnsOptions } from "./netns.ts";
import { run } from "./run.ts";

/** Parts of a thousand, as nft counts them. */
const whole = 1_000;

/** Faults of machines that are network namespaces: their cable, their control group, their first process. */
export function createNetnsFaults(
  options: Pick<NetnsOptions, "siteId" | "processes">,
): MachineFaults {
  const names = namesOf(options.siteId);
  const cgroups = openCgroups(`tidemill-${names.tag}`);
  const cpuMaxBefore = new Map<string, number | null>();
  const mustExist = (machine: string): void => {
    if (existsSync(`/sys/class/net/${names.cable(machine)}`)) return;
    throw new Failure("not_found", `Cannot harm ${machine}: there is no such machine`);
  };
  const setCable = async (machine: string, state: "up" | "down", signal: AbortSignal) => {
    mustExist(machine);
    const cable = names.cable(machine);
    await run(`set the cable of ${machine}`, ["ip", "link", "set", cable, state], null, signal);
  };
  return {
    cutOff: (machine, signal) => setCable(machine, "down", signal),
    reconnect: (machine, signal) => setCable(machine, "up", signal),
    async freeze(machine) {
      mustExist(machine);
      await cgroups.freeze(machine);
    },
    async thaw(machine) {
      mustExist(machine);
      cgroups.thaw(machine);
    },
    async kill(machine) {
      mustExist(machine);
      const { processes, siteId } = options;
      for (const entry of await processes.list()) {
        const environment = await processes.environment(entry.pid);
        const isOurs = environment.get(groundMarker) === machineId(siteId, machine);
        if (isOurs) await processes.signal(entry, "SIGKILL");
      }
    },
    async slow(machine, cpuMax) {
      mustExist(machine);
      if (!cpuMaxBefore.has(machine)) cpuMaxBefore.set(machine, cgroups.cpuMax(machine));
      cgroups.limit(machine, { cpuMax: cpuMax ?? cpuMaxBefore.get(machine) ?? null });
      if (cpuMax === null) cpuMaxBefore.delete(machine);
    },
    async lose(machine, share, signal) {
      mustExist(machine);
      const nft = ["ip", "netns", "exec", names.namespace(machine), "nft", "-f", "-"];
      await run(`lose packets of ${machine}`, nft, lossRules(share), signal);
    },
  };
}

/** Declared, removed, made anew: right whatever was there before. */
function lossRules(share: number | null): string {
  const clean = "table inet tidemill\ndelete table inet tidemill\n";
  const parts = Math.round((share ?? 0) * whole);
  if (parts <= 0) return clean;
  const drop = parts >= whole ? "drop" : `numgen random mod ${whole} < ${parts} drop`;
  const chain = `chain loss { type filter hook input priority 0; ${drop}; }`;
  return `${clean}table inet tidemill {\n${chain}\n}\n`;
}
