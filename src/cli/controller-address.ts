import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ControllerAddress, StateDirectory } from "../ports/state-directory.ts";
import { CliError } from "./cli-error.ts";
import { createClient, SERVING_ALONE } from "./client.ts";
import type { Client } from "./client.ts";
import { exitCodes } from "./exit-codes.ts";

/** The controller that runs for this state; null when none does. A file whose process is gone is a leftover. */
export function runningController(state: StateDirectory): ControllerAddress | null {
  if (!existsSync(state.controller)) return null;
  try {
    const address = JSON.parse(readFileSync(state.controller, "utf8")) as ControllerAddress;
    return isAlive(address.pid) ? address : null;
  } catch {
    return null;
  }
}

/** The client of a controller that runs. */
export function clientOf(state: StateDirectory, address: ControllerAddress, user: string): Client {
  const token = readFileSync(state.token, "utf8").trim();
  const authority = address.url.startsWith("https:") ? readFileSync(state.authority, "utf8") : null;
  return createClient({ url: address.url, token, user, authority });
}

/** Only machines that were not given back have a directory. */
export function hasMachines(state: StateDirectory): boolean {
  return existsSync(join(machineRoot(state), "machines"));
}

/** A controller that was rebuilt elsewhere left the machines where they were. */
function machineRoot(state: StateDirectory): string {
  if (!existsSync(state.machineHome)) return state.root;
  try {
    return (JSON.parse(readFileSync(state.machineHome, "utf8")) as { root: string }).root;
  } catch {
    // Damaged: the controller says so when it starts.
    return state.root;
  }
}

/** Why there is nothing to talk to, and what to type. */
export function noController(state: StateDirectory, next: string): CliError {
  const wasUp = hasMachines(state);
  const message = wasUp ? "No controller runs for this site" : "This site is not up";
  return new CliError(message, {
    code: wasUp ? "no_controller" : "not_up",
    exit: exitCodes.failed,
    serving: wasUp ? SERVING_ALONE : null,
    next,
  });
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}
