import { createHash } from "node:crypto";
import { existsSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { record, text } from "../core/received/shape.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { readKeptJson, writeKept } from "./kept-file.ts";

/**
 * Whose machines these are and where they live. Kept beside the inventory: a controller that is rebuilt in
 * another directory finds the machines of the first one where they are.
 */
export interface MachineHome {
  readonly siteId: string;
  /** Machines, their slots and logs are under it. */
  readonly root: string;
  /** Short path for sockets. */
  readonly runtimeDirectory: string;
}

export function readMachineHome(places: StateDirectory): MachineHome {
  const kept = readKeptJson(places.machineHome, homeShape, advice);
  if (kept !== null) return kept;
  const siteId = createHash("sha256").update(places.root).digest("hex").slice(0, 8);
  const home = { siteId, root: places.root, runtimeDirectory: runtimeDirectoryOf(siteId) };
  writeKept(places.machineHome, `${JSON.stringify(home)}\n`);
  return home;
}

const path = text(4_000);
const homeShape = record({ siteId: text(100), root: path, runtimeDirectory: path });
/** A guess would take the machines of a site that was rebuilt for strangers. */
const advice =
  "it says whose machines these are: remove it where the site was never rebuilt, else restore it from an export";

/** Unix sockets have short paths: they cannot live beside the site file. */
function runtimeDirectoryOf(siteId: string): string {
  return join(process.env["XDG_RUNTIME_DIR"] ?? tmpdir(), `tidemill-${siteId}`);
}

/** Where machines keep the highest epoch that gave them orders. */
export function epochsIn(home: MachineHome): string {
  return join(home.root, "epochs");
}

/** Of a site that is down. While there are machines, former controllers are kept from them. */
export function tidy(home: MachineHome): void {
  const machines = join(home.root, "machines");
  removeIfEmpty(machines);
  removeIfEmpty(join(home.root, "slots"));
  if (!existsSync(machines)) rmSync(epochsIn(home), { recursive: true, force: true });
}

export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Something of a living machine is in it, or it is not there.
  }
}
