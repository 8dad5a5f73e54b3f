import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../ports/failure.ts";
import { run } from "./run.ts";

/** A site's own network, e.g. `10.64.3`: the bridge is .1, machines follow from .2 on. */
export type Network = string;

/** .2 to .251 */
export const machinesMax = 250;
const firstSecond = 64;
const seconds = 64;
const triesMax = 500;

export function bridgeAddress(network: Network): string {
  return `${network}.1`;
}

export function machineAddress(network: Network, number: number): string {
  return `${network}.${2 + number}`;
}

/**
 * The network that the site has claimed, or a new one. A claim is a link named after the network whose target
 * is the site: taken in one act, so that two sites never get the same, even when both begin at once.
 */
export async function claimNetwork(
  directory: string,
  tag: string,
  signal: AbortSignal,
): Promise<Network> {
  const own = readClaim(directory, tag);
  if (own !== null) return own;
  const taken = networksInUse(await run("list the routes", ["ip", "-4", "route"], null, signal));
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const network = candidate(tag, attempt);
    if (taken.some((other) => overlaps(network, other))) continue;
    // Somebody may have claimed one for this site while the routes were read.
    const claimed = readClaim(directory, tag);
    if (claimed !== null) return claimed;
    if (take(join(directory, network), tag)) return network;
  }
  throw new Failure("throttled", `Cannot find a free network: ${triesMax} are taken`);
}

/** Null when the site has none. */
function readClaim(directory: string, tag: string): Network | null {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  return readdirSync(directory).find((name) => ownerOf(join(directory, name)) === tag) ?? null;
}

export function releaseClaim(directory: string, tag: string): void {
  const own = readClaim(directory, tag);
  if (own !== null) unlinkSync(join(directory, own));
}

/** Networks of 10.64.0.0/10, in an order of the site's own, so that sites rarely want the same. */
export function candidate(tag: string, attempt: number): Network {
  const hash = createHash("sha256").update(`${tag} ${attempt}`).digest();
  return `10.${firstSecond + (hash.readUInt8(0) % seconds)}.${hash.readUInt8(1)}`;
}

/** Destinations in the output of `ip -4 route`. */
export function networksInUse(routes: string): readonly string[] {
  return routes
    .split("\n")
    .flatMap((line) => /^(?:\w+ )?(\d+(?:\.\d+){3}(?:\/\d+)?)(?: |$)/.exec(line)?.[1] ?? []);
}

/** Whether the site's network and `a.b.c.d/bits` share an address. */
export function overlaps(network: Network, other: string): boolean {
  const [address = "", bits = "32"] = other.split("/");
  const shift = 2 ** (32 - Math.min(24, Number(bits)));
  return Math.floor(number(`${network}.0`) / shift) === Math.floor(number(address) / shift);
}

function number(address: string): number {
  return address.split(".").reduce((total, part) => total * 256 + Number(part), 0);
}

function take(path: string, tag: string): boolean {
  try {
    symlinkSync(tag, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  }
}

function ownerOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Released in the meantime.
    return null;
  }
}
