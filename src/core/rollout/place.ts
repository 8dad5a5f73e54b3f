import type { ServerRecord } from "../inventory.ts";
import type { ProcessReport } from "../report.ts";
import type { Roster } from "../roster.ts";

/** Where a server listens. */
export interface ServerPlace {
  readonly address: string | null;
  /** Null for a role that does not listen. */
  readonly port: number | null;
}

/**
 * Where the balancer may send requests to for a process, or why it may not. An agent speaks for its own
 * machine only: visitors go to the address that the provider has told, whatever a report says.
 */
export function placeOf(
  roster: Roster,
  server: ServerRecord,
  process: ProcessReport,
): ServerPlace | string {
  const address = roster.state.machines.get(server.machine)?.address ?? null;
  if (roster.state.revisions.get(server.revision)?.check.kind === "none") {
    return { address, port: null };
  }
  if (address === null) return `the provider has not told the address of ${server.machine} yet`;
  if (process.address !== address) return `it reports an address that is not ${server.machine}'s`;
  const { port } = process;
  if (port === null) return "it reports no port";
  // Judged when it joined: a thousand servers at rest need not be compared with each other at each look.
  const isAtHome = server.state === "ready" && server.address === address && server.port === port;
  if (isAtHome) return { address, port };
  const owner = ownerOf(roster, server, { address, port });
  return owner === null ? { address, port } : `it reports the port of ${owner}`;
}

/** Another machine that has a server in this very place: on some systems machines share an address. */
function ownerOf(roster: Roster, server: ServerRecord, place: ServerPlace): string | null {
  for (const other of roster.state.servers.values()) {
    const isThere = other.port === place.port && other.address === place.address;
    if (isThere && other.machine !== server.machine) return other.machine;
  }
  return null;
}
