import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Our own program: beside `src` in a checkout, two levels up from a built file. */
export function programPath(): string {
  const places = ["../../bin/tidemill.mjs", "../../../bin/tidemill.mjs"];
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? "tidemill";
}
