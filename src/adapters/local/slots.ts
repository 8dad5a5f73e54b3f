import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../ports/failure.ts";

/** A machine's number on this computer, unique in its site: its address and ports follow from it. */
export interface Slot {
  readonly number: number;
  readonly address: string;
  readonly ports: { readonly first: number; readonly last: number };
}

const firstPort = 20_000;
const portsPerSlot = 16;
/** 20000 + 780 × 16 ends below 32768, where Linux begins to hand out ports to outgoing connections. */
export const slotsMax = 780;

/** The slots taken, by machine name. A slot is a link whose target is the name: taken and named in one act. */
export function readSlots(directory: string): ReadonlyMap<string, number> {
  mkdirSync(directory, { recursive: true });
  const taken = readdirSync(directory).map(
    (number) => [readOwner(join(directory, number)), Number(number)] as const,
  );
  return new Map(taken.filter(([owner]) => owner !== ""));
}

/** The machine's slot, or the lowest free one. Two that take at once get different ones. */
export function takeSlot(directory: string, machine: string, max: number = slotsMax): number {
  const own = readSlots(directory).get(machine);
  if (own !== undefined) return own;
  for (let number = 0; number < max; number++) {
    try {
      symlinkSync(machine, join(directory, String(number)));
      return number;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
  }
  throw new Failure("throttled", `Cannot launch ${machine}: all ${max} places are taken`);
}

export function freeSlot(directory: string, number: number): void {
  try {
    unlinkSync(join(directory, String(number)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
}

/** Different sites get different networks, so that both may have a machine with the same ports. */
export function describeSlot(siteId: string, number: number, hasManyAddresses: boolean): Slot {
  const hash = createHash("sha256").update(siteId).digest();
  // 127.0.x.y is left alone: systems put their own names there. Four networks hold all slots.
  const second = 1 + (hash.readUInt8(0) % 254);
  const third = (hash.readUInt8(1) % 63) * 4 + Math.floor(number / 250);
  const first = firstPort + number * portsPerSlot;
  return {
    number,
    address: hasManyAddresses ? `127.${second}.${third}.${1 + (number % 250)}` : "127.0.0.1",
    // Fifteen are used; the sixteenth is a gap.
    ports: { first, last: first + portsPerSlot - 2 },
  };
}

function readOwner(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Freed in the meantime.
    return "";
  }
}
