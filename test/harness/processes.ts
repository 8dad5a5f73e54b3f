import { readdirSync, readFileSync } from "node:fs";
import { createLocalFaults } from "../../src/adapters/local/faults.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import type { TestSite } from "./site.ts";

export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
  /** `site id/machine`. */
  readonly machine: string;
}

/** Every living process of the site's machines, by the marker in its environment. */
export function processesOf(site: TestSite): readonly SeenProcess[] {
  const agents = readdirSync(`${site.state}/machines`);
  return readdirSync("/proc").flatMap((entry): readonly SeenProcess[] => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      const marker = environment.find((line) => line.startsWith("TIDEMILL_MACHINE_ID="));
      const machine = marker?.slice("TIDEMILL_MACHINE_ID=".length) ?? "";
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      const isOurs = machine.startsWith(`${siteId(site)}/`) && command !== "";
      const name = machine.slice(machine.indexOf("/") + 1);
      return isOurs && agents.includes(name)
        ? [{ pid: Number(entry), command, machine: name }]
        : [];
    } catch {
      return [];
    }
  });
}

export function kill9(processes: readonly SeenProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended with the one before.
    }
  }
}

/** The machine and all that is on it, as if its power had failed. */
export async function killMachine(site: TestSite, machine: string): Promise<void> {
  await createLocalFaults({ siteId: siteId(site), processes: createProcessTable() }).kill(machine);
}

function siteId(site: TestSite): string {
  const [machine = ""] = readdirSync(`${site.state}/machines`);
  const text = readFileSync(`${site.state}/machines/${machine}/agent.json`, "utf8");
  return (JSON.parse(text) as { siteId: string }).siteId;
}
