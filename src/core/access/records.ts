import type { Instant } from "../instant.ts";
import type { AccessRole } from "./roles.ts";

/** A one-time token that lets one machine of one role join. Only its hash is kept. */
export interface InvitationRecord {
  readonly hash: string;
  readonly machine: string;
  readonly role: string;
  readonly expiresAt: Instant;
  /** Hash of the public key that used it first; null while nobody has. */
  readonly key: string | null;
}

/** A machine's certificate, by its serial number. */
export interface CertificateRecord {
  /** Hexadecimal, small letters. */
  readonly serial: string;
  readonly machine: string;
  readonly role: string;
  /** Hash of the public key. */
  readonly key: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly revokedAt: Instant | null;
}

/** A token for people and their programs. Only its hash is kept. */
export interface ApiTokenRecord {
  readonly name: string;
  readonly role: AccessRole;
  readonly hash: string;
  readonly createdBy: string;
  readonly createdAt: Instant;
  /** Null: it does not expire. */
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
}

/** Who did, or tried to do, what. */
export interface AuditEntry {
  readonly at: Instant;
  /** E.g. `ada (local)`, `token ci`, `machine web-1`, `nobody`. */
  readonly who: string;
  /** Address it came from. */
  readonly address: string;
  readonly what: string;
  /** `done`, or why not. */
  readonly outcome: string;
}
