import type { PoolRoute } from "../../core/document.ts";

/** A line of a map file. */
export interface MapEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * Host and path → pool. HAProxy finds the longest key that begins the address asked for; keys end in a slash,
 * and so does what is looked up, hence only whole segments match. `*` stands for every host and is looked up
 * second. The default pool is the shortest key of all. Of two equal routes the first counts.
 */
export function routeMap(routes: readonly PoolRoute[], defaultPool: string | null): string {
  const pools = new Map<string, string>();
  for (const route of routes) {
    const key = `${route.host === null ? "*" : route.host.toLowerCase()}${trimmed(route.path)}/`;
    if (!pools.has(key)) pools.set(key, route.pool);
  }
  if (defaultPool !== null && !pools.has("*/")) pools.set("*/", defaultPool);
  return mapText([...pools].map(([key, value]) => ({ key, value })));
}

/** The maintenance switch. */
export function maintenanceMap(isOn: boolean): string {
  return mapText([{ key: "site", value: isOn ? "1" : "0" }]);
}

/** The entries of a map file. */
export function parseMap(text: string): readonly MapEntry[] {
  return text
    .split("\n")
    .filter((line) => line.includes(" "))
    .map((line) => {
      const [key = "", value = ""] = line.split(" ");
      return { key, value };
    });
}

function mapText(entries: readonly MapEntry[]): string {
  return entries.map(({ key, value }) => `${key} ${value}\n`).join("");
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}
