import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Every file under the directory, sockets and pipes left out. */
export function filesUnder(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return entry.isFile() ? [path] : [];
  });
}

/** The files that hold the text, in whatever they hold it. */
export function filesWith(directory: string, text: string): readonly string[] {
  return filesUnder(directory).filter((path) => {
    try {
      return statSync(path).size > 0 && readFileSync(path).includes(text);
    } catch {
      // Written anew or removed while it was looked for.
      return false;
    }
  });
}

export interface ProcessWith {
  readonly pid: number;
  readonly command: string;
  readonly environment: readonly string[];
}

/** Processes that show the text to others: in their arguments or in the environment they were started with. */
export function processesWith(text: string): readonly ProcessWith[] {
  return readdirSync("/proc").flatMap((entry): readonly ProcessWith[] => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8");
      if (!command.includes(text) && !environment.includes(text)) return [];
      return [{ pid: Number(entry), command, environment: environment.split("\0") }];
    } catch {
      // It has ended, or is somebody else's.
      return [];
    }
  });
}
