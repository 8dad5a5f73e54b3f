import { execFile } from "node:child_process";
import type { ProcessEntry } from "../../ports/process-table.ts";
import { parseEnvironment } from "./linux.ts";

const outputBytesMax = 16 * 1024 * 1024;

/** Processes by `ps`, for systems without /proc. `which`: options that choose; none is all. */
export async function listByPs(which: readonly string[]): Promise<readonly ProcessEntry[]> {
  const chosen = which.length === 0 ? ["-ax"] : which;
  const columns = "pid=,ppid=,pgid=,sess=,state=,rss=,time=,lstart=";
  const output = await ps([...chosen, "-o", columns]);
  return output
    .split("\n")
    .map(parsePsLine)
    .filter((entry) => entry !== null);
}

/** Environment, as far as the system shows it: values with spaces are cut. */
export async function readEnvironmentByPs(pid: number): Promise<ReadonlyMap<string, string>> {
  return parseEnvironment(await ps(["eww", "-o", "command=", "-p", String(pid)]), " ");
}

/** `lstart` is the start in seconds, written out; parsed it serves as well as ticks do. */
export function parsePsLine(line: string): ProcessEntry | null {
  const [pid, parent, group, session, state = "Z", kilobytes, time = "", ...started] = line
    .trim()
    .split(/\s+/);
  if (pid === undefined || pid === "" || state.startsWith("Z")) return null;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Date.parse(started.join(" ")),
    cpuSeconds: secondsOf(time),
    memoryBytes: Number(kilobytes) * 1024,
  };
}

/** `[days-]hours:minutes:seconds`, or `minutes:seconds.hundredths`. */
function secondsOf(time: string): number {
  const [rest = "0", days = "0"] = time.split("-").reverse();
  const parts = rest.split(":").map(Number);
  return Number(days) * 86_400 + parts.reduce((total, part) => total * 60 + part, 0);
}

/** Empty when `ps` finds nothing: it says so by its exit code. */
function ps(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile("ps", [...args], { maxBuffer: outputBytesMax }, (_error, output) => resolve(output));
  });
}
