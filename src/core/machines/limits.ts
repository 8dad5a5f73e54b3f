import type { Action, StepResult } from "../action.ts";
import type { MachineLimits, Site } from "../desired.ts";
import type { MachineRecord } from "../inventory.ts";
import { BALANCER_ROLE } from "../roster.ts";
import type { Roster } from "../roster.ts";

export const noLimits: MachineLimits = { cpuMax: null, memoryBytesMax: null };

/** What was refused, such as memory that is in use, is asked for again after this. */
const ASK_AGAIN_MS = 1_000;

/** What a machine of the role may use: none is known for a role that has left the site, or before one is on record. */
export function limitsOf(site: Site | null, role: string): MachineLimits {
  const settings =
    role === BALANCER_ROLE ? site?.balancer : site?.roles.find(({ name }) => name === role);
  // A site that was put on record by a version without limits has none.
  return settings?.limits ?? noLimits;
}

/**
 * Gives machines that run the limits of their role: when those change, and once to each that this controller has
 * not told yet, because a former one may have been ended between the wish and the deed.
 */
export function limitMachines(roster: Roster): StepResult {
  const { site } = roster.state.settings;
  // On loopback nothing can be limited.
  if (site === null || site.provider === "local") return { actions: [], holds: [] };
  const machines = [...roster.state.machines.values()];
  return { actions: machines.flatMap((machine) => limitMachine(roster, site, machine)), holds: [] };
}

function limitMachine(roster: Roster, site: Site, machine: MachineRecord): readonly Action[] {
  const { name, state, address } = machine;
  // What is being launched may have been asked for with former limits: it is told when it is there.
  if (state === "launching" || state === "terminating") return [];
  const limits = limitsOf(site, machine.role);
  const last = roster.observed.limits.get(name);
  const isNews = last !== undefined && !isSame(last.limits, limits);
  // A launch that was carried out late may have made it anew, with the limits of then, and elsewhere.
  const isTold = last !== undefined && !isNews && last.address === address;
  if (last?.state === "under-way" || (isTold && last.state === "given")) return [];
  if (isTold && roster.now - last.at < ASK_AGAIN_MS) return [];
  const action: Action = {
    kind: "limits",
    subject: name,
    reason: describe(limits),
    changes: [],
    effect: { kind: "limits", machine: name, address, limits },
  };
  // The first word of a controller repeats what is on record already.
  return [isNews ? action : { ...action, isRepeat: true }];
}

function isSame(one: MachineLimits, other: MachineLimits): boolean {
  return one.cpuMax === other.cpuMax && one.memoryBytesMax === other.memoryBytesMax;
}

function describe({ cpuMax, memoryBytesMax }: MachineLimits): string {
  const cores = cpuMax === null ? "all cores" : `${cpuMax} cores`;
  const memory =
    memoryBytesMax === null
      ? "all memory"
      : `${Math.round(memoryBytesMax / 2 ** 20)} MiB of memory`;
  return `it may use ${cores} and ${memory} from now on, as the site file says`;
}
