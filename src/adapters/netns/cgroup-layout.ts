import { dirname, join } from "node:path";
import type { MachineLimits } from "../../core/desired.ts";

/** Where this computer mounts its control groups. Version 1 has a tree per controller, version 2 one for all. */
export type CgroupLayout =
  | { readonly version: 1; readonly trees: Readonly<Partial<Record<Controller, string>>> }
  | { readonly version: 2; readonly tree: string };

export type Controller = "cpu" | "memory" | "freezer" | "pids";

const controllers: readonly Controller[] = ["cpu", "memory", "freezer", "pids"];

/**
 * Read from /proc/mounts and /proc/self/cgroup. A computer may mount both, with the controllers in version 1
 * and an empty version 2 beside it: the version whose tree can freeze is the one that is used. Null: neither.
 */
export function cgroupLayout(mounts: string, own: string): CgroupLayout | null {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const trees: Partial<Record<Controller, string>> = {};
  for (const [, path = "", type, options = ""] of lines) {
    if (type !== "cgroup") continue;
    for (const controller of controllers) {
      if (options.split(",").includes(controller)) trees[controller] ??= path;
    }
  }
  if (trees.freezer !== undefined) return { version: 1, trees };
  const [, tree] = lines.find(([, , type]) => type === "cgroup2") ?? [];
  const isThere = own.split("\n").some((line) => line.startsWith("0::"));
  return tree === undefined || !isThere ? null : { version: 2, tree };
}

/** The directories that hold a machine's group: one, or one per controller. */
export function groupPaths(layout: CgroupLayout, group: string): readonly string[] {
  const trees = layout.version === 1 ? Object.values(layout.trees) : [layout.tree];
  // Controllers that are mounted together share their tree.
  return [...new Set(trees)].map((tree) => join(tree, group));
}

/** Name and content of the files that set the given limits; null: none. Paths are absolute. */
export function limitFiles(
  layout: CgroupLayout,
  group: string,
  { cpuMax, memoryBytesMax }: Partial<MachineLimits>,
): readonly (readonly [path: string, content: string])[] {
  return [
    ...(cpuMax === undefined ? [] : cpuFiles(layout, group, cpuMax)),
    ...(memoryBytesMax === undefined ? [] : memoryFiles(layout, group, memoryBytesMax)),
  ];
}

function cpuFiles(
  layout: CgroupLayout,
  group: string,
  cpuMax: number | null,
): readonly (readonly [path: string, content: string])[] {
  const quota = cpuMax === null ? null : Math.max(quotaMin, Math.round(cpuMax * period));
  const path = join(treeOf(layout, "cpu"), group);
  if (layout.version === 2) return [[join(path, "cpu.max"), `${quota ?? "max"} ${period}`]];
  return [
    [join(path, "cpu.cfs_period_us"), `${period}`],
    [join(path, "cpu.cfs_quota_us"), `${quota ?? -1}`],
  ];
}
/** Microseconds; a machine that has used its share waits for the next period, so shorter is smoother. */
const period = 20_000;
/** The kernel takes no less. */
const quotaMin = 1_000;

/** What would only be swapped out would not be ended: it would be slow, and the computer with it. */
function memoryFiles(
  layout: CgroupLayout,
  group: string,
  bytesMax: number | null,
): readonly (readonly [path: string, content: string])[] {
  const path = join(treeOf(layout, "memory"), group);
  return layout.version === 2
    ? [
        [join(path, "memory.swap.max"), bytesMax === null ? "max" : "0"],
        [join(path, "memory.max"), `${bytesMax ?? "max"}`],
      ]
    : [
        [join(path, "memory.swappiness"), bytesMax === null ? "60" : "0"],
        [join(path, "memory.limit_in_bytes"), `${bytesMax ?? -1}`],
      ];
}

/** Where a tree is not mounted there is nothing in its usual place: whoever sets a limit there is told. */
function treeOf(layout: CgroupLayout, controller: Controller): string {
  if (layout.version === 2) return layout.tree;
  return layout.trees[controller] ?? `/sys/fs/cgroup/${controller}`;
}

/** The file that tells the CPU limit; its period is ours. */
export function cpuLimitFile(layout: CgroupLayout, group: string): string {
  const name = layout.version === 2 ? "cpu.max" : "cpu.cfs_quota_us";
  return join(treeOf(layout, "cpu"), group, name);
}

/** Cores, from what that file says; null: no limit. */
export function cpuMaxIn(text: string): number | null {
  const quota = Number.parseInt(text, 10);
  return quota > 0 ? quota / period : null;
}

/** The file that freezes the group, and what to write to it. */
export function freezeFile(
  layout: CgroupLayout,
  group: string,
  isFrozen: boolean,
): readonly [path: string, content: string] {
  return layout.version === 2
    ? [join(layout.tree, group, "cgroup.freeze"), isFrozen ? "1" : "0"]
    : [join(layout.trees.freezer ?? "", group, "freezer.state"), isFrozen ? "FROZEN" : "THAWED"];
}

/** The file that tells whether the group stands still by now, and what it then says: the kernel takes its time. */
export function frozenFile(layout: CgroupLayout, group: string): readonly [string, RegExp] {
  return layout.version === 2
    ? [join(layout.tree, group, "cgroup.events"), /^frozen 1$/m]
    : [freezeFile(layout, group, true)[0], /^FROZEN$/m];
}

/** Groups above the machine's own, outermost first: version 2 hands its controllers down through each of them. */
export function groupsAbove(group: string): readonly string[] {
  const above = dirname(group);
  return above === "." ? [""] : [...groupsAbove(above), above];
}
