import { readFileSync } from "node:fs";

/** From the package itself: beside `src` in a checkout, two levels up from a built file. */
export function readVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), "utf8");
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === "tidemill" && version !== undefined) return version;
    } catch {
      // The other place has it.
    }
  }
  return "unknown";
}
