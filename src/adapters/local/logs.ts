import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const logFilesMax = 200;

/** Keeps the newest log files: those of machines long gone go. */
export function pruneLogs(directory: string): void {
  if (!existsSync(directory)) return;
  const files = readdirSync(directory).filter((name) => /\.log(\.1)?$/.test(name));
  if (files.length <= logFilesMax) return;
  const aged = files
    .map((name) => join(directory, name))
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.at - a.at);
  for (const { path } of aged.slice(logFilesMax)) rmSync(path, { force: true });
}
