import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { groundMarker, machineId } from "../../core/markers.ts";
import { Failure } from "../../ports/failure.ts";
import type { GroundCommand } from "../../ports/machine-ground.ts";
import type { ProcessEntry, ProcessTable } from "../../ports/process-table.ts";
import { toolsPath } from "./run.ts";

/** Where processes of a machine are: its marker, its namespace, and its control groups. */
export interface Inside {
  readonly siteId: string;
  readonly machine: string;
  readonly namespace: string;
  /** Files to which a process writes its id to be in the groups. */
  readonly doors: readonly string[];
  /** Who is in them. */
  readonly residents: () => readonly number[];
  readonly table: ProcessTable;
}

/** What `ip` is told before the machine's first process stands: on the computer, and then in the namespace. */
export interface Cabling {
  readonly outside: readonly string[];
  readonly inside: readonly string[];
}

/** Arguments up to `--` are control groups to join; the rest is the command that takes the shell's place. */
const joinThenRun =
  'while [ "$1" != -- ]; do echo $$ >"$1" || exit 1; shift; done; shift; exec "$@"';
/**
 * One process of ours makes the whole machine, because to start one takes longer than anything it does: a shell
 * that plugs the cable, joins the groups, and becomes the namespaces' maker. It plugs first, since what is in the
 * groups has only the machine's share of the CPU.
 */
const plugThenJoin = `printf %s "$1" | ip -batch - || exit 1; shift; ${joinThenRun}`;
/**
 * The machine's first process: names the machine and waits, as the parent of whatever lost its own. It says
 * one word when everything is mounted, and then lets go of whoever started it.
 */
const firstProcess = [
  'echo "$1" >/proc/sys/kernel/hostname',
  'printf %s "$2" | ip -batch - || exit 1',
  "echo ready",
  "exec >/dev/null 2>&1",
  "while :; do sleep infinity & wait; done",
].join("; ");

const startMs = 5_000;
const endMsMax = 5_000;
const pollMs = 3;

/** Plugs the cable in and starts the process tree of the machine. Returns when it stands. */
export async function startTree(inside: Inside, cabling: Cabling): Promise<void> {
  const apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"];
  const first = ["/bin/sh", "-c", firstProcess, "init", inside.machine, batchOf(cabling.inside)];
  const words = ["ip", "netns", "exec", inside.namespace, ...apart, ...first];
  const plug = ["-c", plugThenJoin, "join", batchOf(cabling.outside)];
  const child = spawn("/bin/sh", [...plug, ...inside.doors, "--", ...words], {
    env: { PATH: toolsPath, [groundMarker]: machineId(inside.siteId, inside.machine) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  const late = setTimeout(() => reject(new Error("it takes too long")), startMs);
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.once("data", () => resolve());
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(said.trim() || `it ended with code ${code}`)));
  try {
    await promise;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const code = said === "" ? "unavailable" : "rejected";
    throw new Failure(code, `Cannot start the machine ${inside.machine}: ${words}`, { cause });
  } finally {
    clearTimeout(late);
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

function batchOf(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join("");
}

/** The machine's first process, as this computer sees it; null when the machine does not stand. */
export async function findTree(inside: Inside): Promise<ProcessEntry | null> {
  const own = await ownProcesses(inside);
  const parents = new Map(own.map((entry) => [entry.pid, entry.parent]));
  // Three carry the marker: who made the namespaces, the first process in them, and what it sleeps with.
  const first = own.find(({ parent }) => {
    const grandparent = parents.get(parent);
    return grandparent !== undefined && !parents.has(grandparent);
  });
  return first ?? null;
}

/** Starts a command in the process tree of the machine. Nothing of ours stays between it and its first process. */
export async function startInside(inside: Inside, command: GroundCommand): Promise<void> {
  const first = await findTree(inside);
  if (first === null) {
    throw new Failure("not_found", `Cannot enter the machine ${inside.machine}: it does not stand`);
  }
  const enter = ["nsenter", "--target", `${first.pid}`, "--mount", "--uts", "--net", "--pid", "--"];
  const apart = ["env", `--chdir=${command.directory}`, "setsid", "--fork"];
  const words = [...enter, ...apart, ...command.words];
  const child = spawn("/bin/sh", ["-c", joinThenRun, "join", ...inside.doors, "--", ...words], {
    env: { ...command.env, PATH: `${command.env["PATH"] ?? ""}:${toolsPath}` },
    stdio: ["ignore", command.log, command.log],
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) {
    throw new Failure(
      "unavailable",
      `Cannot enter the machine ${inside.machine}: nsenter ended with code ${code}`,
    );
  }
}

/** Ends the process tree, and with it everything on the machine. */
export async function endTree(inside: Inside, signal: AbortSignal): Promise<void> {
  const until = performance.now() + endMsMax;
  for (;;) {
    const left = await residentsOf(inside);
    if (left.length === 0) return;
    if (signal.aborted || performance.now() > until) {
      const pids = left.map(({ pid }) => pid).join(", ");
      const why = `processes ${pids} do not end`;
      throw new Failure("unavailable", `Cannot end the machine ${inside.machine}: ${why}`);
    }
    for (const entry of left) await inside.table.signal(entry, "SIGKILL");
    await sleep(pollMs);
  }
}

async function ownProcesses(inside: Inside): Promise<readonly ProcessEntry[]> {
  const id = machineId(inside.siteId, inside.machine);
  const own: ProcessEntry[] = [];
  for (const entry of await residentsOf(inside)) {
    if ((await inside.table.environment(entry.pid)).get(groundMarker) === id) own.push(entry);
  }
  return own;
}

/** Of the machine's control groups, which nobody on it can leave: no look at all that runs on the computer. */
async function residentsOf({ residents, table }: Inside): Promise<readonly ProcessEntry[]> {
  const entries = await Promise.all(residents().map((pid) => table.find(pid)));
  return entries.filter((entry) => entry !== null);
}
