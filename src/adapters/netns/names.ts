import { createHash } from "node:crypto";

/** How the kernel's things of one site are called: whoever knows the names finds everything, without a record. */
export interface Names {
  /** Eight characters for the site. */
  readonly tag: string;
  readonly bridge: string;
  namespace(machine: string): string;
  /** The machine's name of a namespace of this site, else null. */
  machineOf(namespace: string): string | null;
  /** The computer's end of the machine's cable. */
  cable(machine: string): string;
}

/** Names of network devices have at most 15 characters. */
export function namesOf(siteId: string): Names {
  const tag = /^[0-9a-f]{8}$/.test(siteId) ? siteId : digest(siteId, 8);
  const prefix = `tidemill-${tag}-`;
  return {
    tag,
    bridge: `tm-${tag}`,
    namespace: (machine) => `${prefix}${machine}`,
    machineOf: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : null),
    cable: (machine) => `tm${digest(`${tag}/${machine}`, 12)}`,
  };
}

function digest(text: string, characters: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, characters);
}
