import { accessSync, constants, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Memory that looks like a disk, where there is such: a hundred thousand cases are mostly the making of files. */
const memoryDisk = "/dev/shm";

/** A new directory for whoever removes it. */
export function scratchDirectory(): string {
  return mkdtempSync(join(isUsable(memoryDisk) ? memoryDisk : tmpdir(), "tidemill-fuzz-"));
}

function isUsable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
