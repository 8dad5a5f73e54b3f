import { randomBytes } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import type { ControllerAddress } from "../ports/state-directory.ts";
import { readKept, writeKept } from "./kept-file.ts";

/** 256 bits in base64url: what is shorter was cut off, and an empty one would let everybody in. */
const whole = /^[\w-]{43}$/;

/** The secret by which this computer's own command line is let in; made when it is not there, or not whole. */
export function readToken(path: string): string {
  const kept = readKept(path)?.trim();
  if (kept !== undefined && whole.test(kept)) {
    chmodSync(path, 0o600);
    return kept;
  }
  const made = randomBytes(32).toString("base64url");
  writeKept(path, `${made}\n`);
  return made;
}

/** Readers see the whole file or none. */
export function writeAddress(path: string, address: ControllerAddress): void {
  writeKept(path, `${JSON.stringify(address)}\n`);
}

/** Another leader may have written its own by now. */
export function removeAddress(path: string): void {
  const pid = pidIn(readKept(path));
  if (pid === process.pid) rmSync(path, { force: true });
}

/** Null for a file that is not there or not whole: then it is nobody's, and the next leader writes over it. */
function pidIn(text: string | null): number | null {
  try {
    return (JSON.parse(text ?? "null") as ControllerAddress | null)?.pid ?? null;
  } catch {
    return null;
  }
}
