import type { Site } from "../core/desired.ts";
import type { Status } from "./client.ts";
import { formatDuration } from "./duration.ts";
import { shortRelease } from "./figures.ts";

type Machine = Status["machines"][number];

const NAME_WIDTH = 6;
const TEXT_WIDTH = 48;
const PROBLEM_MS = 1_500;

interface Complaint {
  readonly problem: string;
  readonly sinceMs: number;
  isTold: boolean;
}

/** One line of progress: who, what, how long after the start. */
export function progressLine(name: string, text: string, afterMs: number | null): string {
  const time = afterMs === null ? "" : formatDuration(afterMs);
  return `  ${name.padEnd(NAME_WIDTH)} ${text.padEnd(TEXT_WIDTH)} ${time}`.trimEnd();
}

/** Tells a line for each machine that comes to serve, changes over, or is given back. */
export function createProgress(
  site: Site | null,
  first: Status | null,
  say: (line: string) => void,
  startedAtMs: number,
): (status: Status) => void {
  const told = new Map<string, string>();
  const problems = new Map<string, Complaint>();
  const isNew = (machine: Machine): boolean => !known.has(machine.machine);
  const known = new Set((first?.machines ?? []).map(({ machine }) => machine));
  for (const machine of first?.machines ?? []) told.set(machine.machine, phaseOf(machine));

  return (status) => {
    const afterMs = Date.now() - startedAtMs;
    for (const machine of status.machines) {
      const phase = phaseOf(machine);
      const isTold = told.get(machine.machine) === phase;
      told.set(machine.machine, phase);
      if (!isTold && isWorthTelling(machine)) {
        const text = describeMachine(site, status, machine, isNew(machine));
        say(progressLine(machine.machine, text, afterMs));
      }
      tellProblem(machine, problems, say);
    }
    for (const name of told.keys()) {
      if (status.machines.some(({ machine }) => machine === name)) continue;
      told.delete(name);
      say(progressLine(name, "given back", afterMs));
    }
  };
}

/** What of a machine is worth a line when it changes. */
function phaseOf({ state, release }: Machine): string {
  return state === "serving" || state === "draining" ? `${state} ${release ?? ""}` : state;
}

function isWorthTelling({ state, release }: Machine): boolean {
  if (state === "draining" || state === "drained" || state === "silent") return true;
  return state === "serving" && release !== null && !release.includes(" → ");
}

function describeMachine(
  site: Site | null,
  status: Status,
  machine: Machine,
  isNew: boolean,
): string {
  if (machine.state === "draining") return "finishes its requests";
  if (machine.state === "drained") return "drained";
  if (machine.state === "silent") return "does not answer";
  if (machine.role === "balancer") {
    const at = status.url === null ? "" : ` on ${bindOf(site, status.url)}`;
    return `${machine.release ?? "balancer"} ready${at}`;
  }
  const check = site?.roles.find(({ name }) => name === machine.role)?.check ?? null;
  const parts = [
    ...(isNew ? ["called home"] : []),
    `release ${shortRelease(machine.release)}`,
    ...(check?.kind === "http" ? [`${check.path} 200`] : ["serving"]),
  ];
  return parts.join(", ");
}

/** The address the balancer listens on, with the port the site got. */
function bindOf(site: Site | null, url: string): string {
  const { host, port, hostname } = new URL(url);
  const bind = site?.provider === "local" ? site.balancer.bind.host : hostname;
  return port === "" ? (site === null ? host : bind) : `${bind}:${port}`;
}

/** What boots or leaves complains for a moment; only a complaint that stays is worth a line. */
function tellProblem(
  { machine, problem, state }: Machine,
  problems: Map<string, Complaint>,
  say: (line: string) => void,
): void {
  const isLeaving = state === "draining" || state === "drained" || state === "terminating";
  if (problem === null || isLeaving) {
    problems.delete(machine);
    return;
  }
  const before = problems.get(machine);
  if (before?.problem !== problem) {
    problems.set(machine, { problem, sinceMs: Date.now(), isTold: false });
  } else if (!before.isTold && Date.now() - before.sinceMs >= PROBLEM_MS) {
    before.isTold = true;
    say(progressLine(machine, problem, null));
  }
}
