import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cgroupLayout,
  cpuLimitFile,
  cpuMaxIn,
  frozenFile,
} from "../../src/adapters/netns/cgroup-layout.ts";
import type { CgroupLayout } from "../../src/adapters/netns/cgroup-layout.ts";
import { namesOf } from "../../src/adapters/netns/names.ts";

/** What the kernel itself tells of a machine's control group, in either version. */
export interface CgroupFigures {
  /** Cores; null: no limit. */
  readonly cpuMax: number | null;
  /** Periods that have begun with somebody running, and those of them in which the share was used up. */
  readonly periods: number;
  readonly throttled: number;
  /** Null: no limit. */
  readonly memoryBytesMax: number | null;
  readonly memoryBytesPeak: number;
  /** Processes that were ended because memory ran out. */
  readonly ended: number;
  /** Everything stands still. */
  readonly isFrozen: boolean;
}

export function cgroupFigures(siteId: string, machine: string): CgroupFigures {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const layout = cgroupLayout(mounts, readFileSync("/proc/self/cgroup", "utf8"));
  if (layout === null) throw new Error("this computer has no control groups");
  const group = `tidemill-${namesOf(siteId).tag}/${machine}`;
  const [cpu, memory] = [directoryOf(layout, "cpu", group), directoryOf(layout, "memory", group)];
  const isFirst = layout.version === 1;
  const bytesMax = Number(text(memory, isFirst ? "memory.limit_in_bytes" : "memory.max"));
  const [frozen, isFrozen] = frozenFile(layout, group);
  return {
    isFrozen: isFrozen.test(readFileSync(frozen, "utf8")),
    cpuMax: cpuMaxIn(readFileSync(cpuLimitFile(layout, group), "utf8")),
    periods: field(text(cpu, "cpu.stat"), "nr_periods"),
    throttled: field(text(cpu, "cpu.stat"), "nr_throttled"),
    // Version 1 says the largest number there is.
    memoryBytesMax: Number.isNaN(bytesMax) || bytesMax > 2 ** 60 ? null : bytesMax,
    memoryBytesPeak: Number(text(memory, isFirst ? "memory.max_usage_in_bytes" : "memory.peak")),
    ended: field(text(memory, isFirst ? "memory.oom_control" : "memory.events"), "oom_kill"),
  };
}

function directoryOf(layout: CgroupLayout, controller: "cpu" | "memory", group: string): string {
  return join(layout.version === 2 ? layout.tree : (layout.trees[controller] ?? ""), group);
}

/** Empty where this kernel does not tell. */
function text(directory: string, name: string): string {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}

function field(lines: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(lines)?.[1] ?? 0);
}
