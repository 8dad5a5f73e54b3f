import type {
  ApiTokenRecord,
  AuditEntry,
  CertificateRecord,
  InvitationRecord,
} from "../core/access/records.ts";
import type { Instant } from "../core/instant.ts";
import type { AuthorityRecord } from "./authority.ts";
import type { Inventory } from "./inventory.ts";

/** The inventory with what is kept beside the site itself. */
export interface OpenInventory extends Inventory {
  readonly access: AccessRecords;
}

/** Who may do what, kept in the inventory: every controller of the site sees the same. Throws `Failure`. */
export interface AccessRecords {
  authority(): Promise<AuthorityRecord | null>;
  /** The first one kept wins; the answer is the one that is kept. */
  keepAuthority(record: AuthorityRecord): Promise<AuthorityRecord>;

  /** Forgets those that expired before `now`. */
  addInvitation(invitation: InvitationRecord, now: Instant): Promise<void>;
  invitation(hash: string): Promise<InvitationRecord | null>;
  /** Binds the invitation, and every other open one of its machine, to the key that came first; answers with that key. */
  bindInvitation(hash: string, key: string): Promise<string | null>;

  /** Revokes what other keys of the machine hold, and the tokens they have used; forgets what expired before `issuedAt`. */
  addCertificate(certificate: CertificateRecord): Promise<void>;
  certificate(serial: string): Promise<CertificateRecord | null>;
  /** Everything of a machine that is gone: certificates and invitations. */
  revokeMachine(machine: string, now: Instant): Promise<void>;

  apiTokens(): Promise<readonly ApiTokenRecord[]>;
  apiToken(hash: string): Promise<ApiTokenRecord | null>;
  /** False when a token that is in force has the name. */
  addApiToken(token: ApiTokenRecord): Promise<boolean>;
  /** False when no token that is in force has the name. */
  revokeApiToken(name: string, now: Instant): Promise<boolean>;

  addAudit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  audit(filter: AuditFilter): Promise<readonly RecordedAudit[]>;
}

export interface AuditFilter {
  /** Only entries with a higher number. */
  readonly after: number;
  readonly limit: number;
}

export interface RecordedAudit extends AuditEntry {
  /** Grows with each entry. */
  readonly number: number;
}
