import type { Denial, Outcome } from "../commands/outcome.ts";
import { refused, unknown } from "../commands/outcome.ts";
import type { Instant } from "../instant.ts";
import type { Change, MachineRecord } from "../inventory.ts";
import type { Observed } from "../observed.ts";
import { BALANCER_ROLE, isMachineServing, takeRoster, takeSight } from "../roster.ts";
import type { Roster } from "../roster.ts";
import type { OneOffRecord } from "./record.ts";

/** Beside its servers a machine runs so many at once. */
const RUNNING_MAX = 5;

export interface OneOffWish {
  /** A machine, or a role: then on one of its machines that serves. */
  readonly where: string;
  readonly run: string;
  readonly timeoutMs: number;
  readonly by: string;
}

type Decision = { readonly kind: "go"; readonly record: OneOffRecord } | Denial;

/** Where a command would run, and with which release. */
export function decideOneOff(observed: Observed, wish: OneOffWish, now: Instant): Decision {
  const roster = takeRoster(observed, observed.inventory, takeSight(observed), now);
  const machine = machineFor(roster, wish.where);
  if (machine === null) return nowhere(roster, wish.where);
  if (machine.role === BALANCER_ROLE) {
    return refused("balancer", `${machine.name} is a balancer: no code of the site's is on it`);
  }
  const revision = revisionOn(roster, machine);
  if (revision === null) {
    return refused("release", `${machine.name} has no release yet in which it could run`);
  }
  const oneOffs = [...roster.state.oneOffs.values()];
  const beside = oneOffs.filter((o) => o.machine === machine.name && o.state === "running").length;
  if (beside >= RUNNING_MAX) {
    return refused("one-offs", `${beside} commands run on ${machine.name} already, its most`);
  }
  const { run, timeoutMs, by } = wish;
  return {
    kind: "go",
    record: {
      id: Math.max(0, ...roster.state.oneOffs.keys()) + 1,
      by,
      role: machine.role,
      machine: machine.name,
      revision,
      run,
      timeoutMs,
      state: "running",
      exitCode: null,
      lastLines: [],
      startedAt: now,
      finishedAt: null,
    },
  };
}

/** Puts it on record: its machine's document has it from then on. The command's words may be nobody else's business. */
export function beginOneOff(record: OneOffRecord): Outcome {
  const { id, role, machine, by } = record;
  return granted([{ kind: "one-off", oneOff: record }], machine, `run ${id} for ${role}: ${by}`);
}

/** Ends it where it is. */
export function stopOneOff(observed: Observed, id: number, by: string, now: Instant): Outcome {
  const oneOff = observed.inventory.oneOffs.get(id);
  if (oneOff === undefined) return unknown(`there is no run ${id}`);
  if (oneOff.state !== "running") return refused("ended", `run ${id} has ended: ${oneOff.state}`);
  const stopped: OneOffRecord = { ...oneOff, state: "stopped", finishedAt: now };
  const changes: readonly Change[] = [{ kind: "one-off", oneOff: stopped }];
  return granted(changes, oneOff.machine, `run ${id} stopped by ${by}`);
}

function granted(changes: readonly Change[], subject: string, reason: string): Outcome {
  return { kind: "done", changes, event: { kind: "run", subject, reason }, deploy: null };
}

function nowhere({ state }: Roster, where: string): Denial {
  const machines = [...state.machines.values()].filter((m) => m.role !== BALANCER_ROLE);
  const roles = new Set(machines.map(({ role }) => role));
  const known = [...roles, ...machines.map(({ name }) => name).sort()].join(", ");
  const isKnown = roles.has(where) || state.machines.has(where);
  const what = isKnown ? `no machine of ${where} answers` : `there is no role or machine ${where}`;
  return unknown(`${what}; there are: ${known === "" ? "none" : known}`);
}

function machineFor(roster: Roster, where: string): MachineRecord | null {
  const named = roster.state.machines.get(where);
  const candidates = named === undefined ? roster.machinesOf(where) : [named];
  const there = candidates.filter(
    ({ name, state }) =>
      state === "running" && roster.observed.agents.get(name)?.isConnected === true,
  );
  return there.find((machine) => isMachineServing(roster, machine)) ?? there[0] ?? null;
}

/** What the machine's newest serving server runs, or what its role does. */
function revisionOn(roster: Roster, machine: MachineRecord): string | null {
  const serving = roster.serversOn(machine.name).filter((server) => server.state === "ready");
  return serving.at(-1)?.revision ?? roster.state.roles.get(machine.role)?.revision ?? null;
}
