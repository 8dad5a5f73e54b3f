import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineLimits } from "../../core/desired.ts";
import { Failure } from "../../ports/failure.ts";
import {
  cgroupLayout,
  cpuLimitFile,
  cpuMaxIn,
  freezeFile,
  frozenFile,
  groupPaths,
  groupsAbove,
  limitFiles,
} from "./cgroup-layout.ts";
import type { CgroupLayout } from "./cgroup-layout.ts";

/** The control groups of one site's machines. */
export interface Cgroups {
  /** Makes the machine's group and sets its limits. Idempotent. */
  make(machine: string, limits: MachineLimits): void;
  /** Sets those that are given. */
  limit(machine: string, limits: Partial<MachineLimits>): void;
  /** Cores; null: no limit. */
  cpuMax(machine: string): number | null;
  /** Files to which a process writes its id to be in the group. */
  doors(machine: string): readonly string[];
  /** Ids of the processes in the group. */
  residents(machine: string): readonly number[];
  /** Resolves when everything in the group stands still. */
  freeze(machine: string): Promise<void>;
  /** Does nothing where there is no such group. */
  thaw(machine: string): void;
  /** Waits for processes that are ending; then the group goes. Unknown names are no error. */
  remove(machine: string): Promise<void>;
  names(): readonly string[];
  /** Removes the site's own group when no machine is left. */
  close(): Promise<void>;
}

const removeMsMax = 3_000;
const freezeMsMax = 3_000;
const pollMs = 5;

/** `parent`: the group that holds the site's machines, e.g. `tidemill-1a2b3c4d`. */
export function openCgroups(parent: string): Cgroups {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const layout = cgroupLayout(mounts, readFileSync("/proc/self/cgroup", "utf8"));
  if (layout === null) {
    throw new Failure(
      "rejected",
      "Cannot keep machines apart: this computer has no control groups",
    );
  }
  const groupOf = (machine: string): string => join(parent, machine);
  return {
    make(machine, limits) {
      handDown(layout, groupOf(machine));
      for (const path of groupPaths(layout, groupOf(machine))) makeGroup(path);
      setLimits(layout, groupOf(machine), limits);
    },
    limit: (machine, limits) => setLimits(layout, groupOf(machine), limits),
    cpuMax(machine) {
      const path = cpuLimitFile(layout, groupOf(machine));
      return existsSync(path) ? cpuMaxIn(readFileSync(path, "utf8")) : null;
    },
    doors: (machine) => groupPaths(layout, groupOf(machine)).map((it) => join(it, "cgroup.procs")),
    residents(machine) {
      const pids = groupPaths(layout, groupOf(machine)).flatMap(residentsIn);
      return [...new Set(pids)];
    },
    freeze: (machine) => freezeGroup(layout, groupOf(machine)),
    thaw(machine) {
      const [path, content] = freezeFile(layout, groupOf(machine), false);
      if (existsSync(path)) write(path, content);
    },
    async remove(machine) {
      for (const path of groupPaths(layout, groupOf(machine))) await removeGroup(path);
    },
    names: () => [
      ...new Set(
        groupPaths(layout, parent)
          .filter((it) => existsSync(it))
          .flatMap(groupsIn),
      ),
    ],
    async close() {
      for (const path of groupPaths(layout, parent)) await removeGroup(path);
    },
  };
}

/** In version 2 a group has the controllers that every group above it hands down. */
function handDown(layout: CgroupLayout, group: string): void {
  if (layout.version === 1) return;
  for (const above of groupsAbove(group)) {
    const path = join(layout.tree, above);
    makeGroup(path);
    for (const controller of ["cpu", "memory", "pids"]) {
      try {
        writeFileSync(join(path, "cgroup.subtree_control"), `+${controller}`);
      } catch {
        // Not every computer has each, or gives it away. Whoever sets a limit there is told.
      }
    }
  }
}

function setLimits(layout: CgroupLayout, group: string, limits: Partial<MachineLimits>): void {
  for (const [path, content] of limitFiles(layout, group, limits)) {
    // Nothing is lost where there is no file for what is no limit, or for swap that this computer has not.
    const isLimit = !/^(0|60|-1|max.*)$/.test(content);
    if (isLimit || existsSync(path)) write(path, content);
  }
}

function makeGroup(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("rejected", `Cannot make the control group ${path}: ${words}`, { cause });
  }
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("rejected", `Cannot set the control group ${path}: ${words}`, { cause });
  }
}

/**
 * What is in the middle of something stands still a moment later, and may answer somebody until then. Version 1
 * can miss a process that is just being started, and then says FREEZING for ever: it is told again, as runc does,
 * and now and then lets everything go on for a moment, which helps where telling does not.
 */
async function freezeGroup(layout: CgroupLayout, group: string): Promise<void> {
  const [told, isFrozen] = frozenFile(layout, group);
  const until = performance.now() + freezeMsMax;
  for (let round = 1; performance.now() < until; round += 1) {
    write(...freezeFile(layout, group, true));
    if (isFrozen.test(readFileSync(told, "utf8"))) return;
    await sleep(pollMs);
    if (isFrozen.test(readFileSync(told, "utf8"))) return;
    if (round % freezeRounds === 0) {
      write(...freezeFile(layout, group, false));
      await sleep(pollMs);
    }
  }
  write(...freezeFile(layout, group, false));
  throw new Failure("unavailable", `Cannot freeze ${group}: some of it still runs`);
}
const freezeRounds = 10;

/** None where there is no such group. */
function residentsIn(path: string): readonly number[] {
  try {
    const text = readFileSync(join(path, "cgroup.procs"), "utf8");
    return text.split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function removeGroup(path: string): Promise<void> {
  const until = performance.now() + removeMsMax;
  while (existsSync(path)) {
    try {
      rmdirSync(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
      // Processes that have just ended are counted for a moment, and one that was being started may have joined.
      for (const pid of residentsIn(path)) end(pid);
      if (performance.now() > until) {
        const words = cause instanceof Error ? cause.message : String(cause);
        throw new Failure("unavailable", `Cannot remove the control group ${path}: ${words}`, {
          cause,
        });
      }
      await sleep(pollMs);
    }
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function groupsIn(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}
