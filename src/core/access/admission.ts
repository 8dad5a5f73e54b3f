import type { Instant } from "../instant.ts";
import type { InventoryState } from "../inventory.ts";
import { parseIdentity } from "./machine-identity.ts";
import type { CertificateRecord } from "./records.ts";

/** What a certificate of this site's authority says of whoever shows it. */
export interface ShownCertificate {
  readonly uri: string;
  readonly serial: string;
}

export type Admission =
  | { readonly kind: "admitted"; readonly machine: string; readonly certificate: CertificateRecord }
  | { readonly kind: "refused"; readonly reason: string };

/** Whether the holder of the certificate may speak for a machine, now. */
export function judgeAdmission(
  shown: ShownCertificate,
  record: CertificateRecord | null,
  {
    site,
    state,
    now,
  }: { readonly site: string; readonly state: InventoryState; readonly now: Instant },
): Admission {
  const refuse = (reason: string): Admission => ({ kind: "refused", reason });
  const identity = parseIdentity(shown.uri);
  if (identity === null) return refuse("the certificate names no machine");
  if (identity.site !== site) return refuse("the certificate is another site's");
  const { machine } = identity;
  // Lost with a restored inventory, or made by somebody who stole the authority's key: both join anew.
  if (record === null || record.machine !== machine)
    return refuse("the certificate is on no record");
  if (record.revokedAt !== null) return refuse("the certificate was revoked");
  if (now >= record.expiresAt) return refuse("the certificate has expired");
  const onRecord = state.machines.get(machine);
  if (onRecord === undefined) return refuse(`no machine ${machine} is on record`);
  if (onRecord.role !== record.role) return refuse(`${machine} is on record as a ${onRecord.role}`);
  return { kind: "admitted", machine, certificate: record };
}

/** A machine gets the releases of its own role's revisions, and no others: code is a secret too. */
export function mayFetch(state: InventoryState, machine: string, release: string): boolean {
  const role = state.machines.get(machine)?.role;
  return [...state.revisions.values()].some((it) => it.role === role && it.release === release);
}
