import type { Kysely } from "kysely";

/** Who may do what, and who did. Part of the inventory's tables, the same on every engine. */
export interface AccessTables {
  readonly authority: AuthorityTable;
  readonly invitation: InvitationTable;
  readonly certificate: CertificateTable;
  readonly api_token: ApiTokenTable;
  readonly audit: AuditTable;
}

/** One row, `id` 1. */
export interface AuthorityTable {
  readonly id: number;
  readonly certificate: string;
  readonly sealed_key: string;
  readonly created_at: number;
}

export interface InvitationTable {
  readonly hash: string;
  readonly machine: string;
  readonly role: string;
  readonly expires_at: number;
  readonly key: string | null;
}

export interface CertificateTable {
  readonly serial: string;
  readonly machine: string;
  readonly role: string;
  readonly key: string;
  readonly issued_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
}

/** By name: it may be given again once its token was revoked or has expired. */
export interface ApiTokenTable {
  readonly hash: string;
  readonly name: string;
  readonly role: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

export interface AuditTable {
  readonly number: number;
  readonly at: number;
  readonly who: string;
  readonly address: string;
  readonly what: string;
  readonly outcome: string;
}

export async function createAccessTables(
  db: Kysely<unknown>,
  engine: "sqlite" | "postgres",
): Promise<void> {
  await createMachineAccess(db);
  const { schema } = db;
  await schema
    .createTable("api_token")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint")
    .addColumn("revoked_at", "bigint")
    .execute();
  const isSqlite = engine === "sqlite";
  await schema
    .createTable("audit")
    .addColumn("number", isSqlite ? "integer" : "bigint", (column) =>
      isSqlite
        ? column.primaryKey().autoIncrement()
        : column.primaryKey().generatedByDefaultAsIdentity(),
    )
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("who", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("what", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .execute();
}

async function createMachineAccess({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("authority")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("certificate", "text", (column) => column.notNull())
    .addColumn("sealed_key", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createTable("invitation")
    .addColumn("hash", "text", (column) => column.primaryKey())
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("key", "text")
    .execute();
  await schema
    .createTable("certificate")
    .addColumn("serial", "text", (column) => column.primaryKey())
    .addColumn("machine", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("issued_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .execute();
  await schema.createIndex("certificate_machine").on("certificate").column("machine").execute();
}
