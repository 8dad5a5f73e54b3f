import { readdirSync, readFileSync } from "node:fs";
import type { ProcessEntry } from "../../ports/process-table.ts";

// Both are fixed by the kernel's interface to user space on every architecture Node.js runs on, except for
// the page size, which only scales the memory shown.
const ticksPerSecond = 100;
const pageBytes = 4096;

/** All living processes. /proc answers from memory, so reading it at once is faster than asking in turns. */
export function listLinux(): readonly ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((entry) => entry !== null);
}

/** One process; null when there is none or it has ended and only waits to be reaped. */
export function readStat(pid: number): ProcessEntry | null {
  const text = readProc(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/** One line of /proc/<pid>/stat, see proc(5). The name may hold spaces and brackets, so count from its end. */
export function parseStat(text: string): ProcessEntry | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number): number => Number(fields[index - 3] ?? 0);
  const state = fields[0];
  if (state === undefined || state === "Z" || state === "X") return null;
  return {
    pid: Number.parseInt(text, 10),
    parent: number(4),
    group: number(5),
    session: number(6),
    startTicks: number(22),
    cpuSeconds: (number(14) + number(15) + number(16) + number(17)) / ticksPerSecond,
    memoryBytes: number(24) * pageBytes,
  };
}

/** Environment at its start; empty when it is somebody else's. */
export function readEnvironment(pid: number): ReadonlyMap<string, string> {
  return parseEnvironment(readProc(`/proc/${pid}/environ`) ?? "", "\0");
}

/** `NAME=value` parts; what has no name is left out. */
export function parseEnvironment(text: string, separator: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split(separator)
      .filter((part) => part.indexOf("=") > 0)
      .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]),
  );
}

/** Null also when it may not be read: processes end, and others are not ours to see. */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
