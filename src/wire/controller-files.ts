import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { ControllerAddress } from "../ports/state-directory.ts";

/** The secret by which this computer's own command line is let in; made when it is not there. */
export function readToken(path: string): string {
  if (!existsSync(path)) {
    writeFileSync(path, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }
  chmodSync(path, 0o600);
  return readFileSync(path, "utf8").trim();
}

/** Readers see the whole file or none. */
export function writeAddress(path: string, address: ControllerAddress): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** Another leader may have written its own by now. */
export function removeAddress(path: string): void {
  if (!existsSync(path)) return;
  const { pid } = JSON.parse(readFileSync(path, "utf8")) as ControllerAddress;
  if (pid === process.pid) rmSync(path, { force: true });
}
