/** Whom a machine's certificate names. */
export interface MachineIdentity {
  readonly site: string;
  readonly machine: string;
}

const scheme = "tidemill://";

/** The name in the certificate: `tidemill://<site>/<machine>`. */
export function identityUri({ site, machine }: MachineIdentity): string {
  return `${scheme}${site}/${machine}`;
}

/** Null when it names no machine of a site. */
export function parseIdentity(uri: string): MachineIdentity | null {
  const match = /^tidemill:\/\/([a-z0-9-]+)\/([a-z0-9][a-z0-9-]*)$/.exec(uri);
  const [, site, machine] = match ?? [];
  return site === undefined || machine === undefined ? null : { site, machine };
}
