import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupLayout, groupPaths } from "./cgroup-layout.ts";
import { toolsPath } from "./run.ts";

const tools = ["ip", "unshare", "nsenter", "setsid", "env"];
/** Bits of the capabilities to make namespaces and network devices. */
const sysAdmin = 21n;
const netAdmin = 12n;

/** Why machines of this kind cannot be made here; null when they can. */
export function netnsObjection(): string | null {
  const why = missing();
  return why === null ? null : `provider netns needs ${why}; provider local needs neither`;
}

function missing(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux";
  const status = readFileSync("/proc/self/status", "utf8");
  if (!mayMakeNamespaces(status)) return "root with the right to make namespaces";
  const places = toolsPath.split(":");
  const absent = tools.find((tool) => !places.some((place) => existsSync(join(place, tool))));
  if (absent !== undefined) return `the program ${absent}`;
  return hasWritableCgroups() ? null : "control groups it may write";
}

/** From /proc/self/status: root of a container may have been left without them. */
export function mayMakeNamespaces(status: string): boolean {
  const effective = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return [sysAdmin, netAdmin].every((bit) => ((effective >> bit) & 1n) === 1n);
}

function hasWritableCgroups(): boolean {
  const mounts = readFileSync("/proc/mounts", "utf8");
  const layout = cgroupLayout(mounts, readFileSync("/proc/self/cgroup", "utf8"));
  if (layout === null) return false;
  try {
    for (const path of groupPaths(layout, "")) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
