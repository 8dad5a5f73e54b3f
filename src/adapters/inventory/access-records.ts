import type { Kysely, Transaction } from "kysely";
import type {
  ApiTokenRecord,
  CertificateRecord,
  InvitationRecord,
} from "../../core/access/records.ts";
import type { AccessRole } from "../../core/access/roles.ts";
import type { AccessRecords } from "../../ports/access-records.ts";
import type { AuthorityRecord } from "../../ports/authority.ts";
import { Failure } from "../../ports/failure.ts";
import type { Engine } from "./migrations.ts";
import type { InventoryTables } from "./schema.ts";
import { checkTerm } from "./term.ts";
import type { WritingTerm } from "./term.ts";
import type {
  AccessTables,
  ApiTokenTable,
  AuthorityTable,
  CertificateTable,
  InvitationTable,
} from "./access-tables.ts";

type Database = Kysely<InventoryTables>;

/**
 * A write, in a transaction that ends well only in our own term: whoever led before admits and revokes nobody.
 * The audit log alone is anybody's to add to: what was tried at a former leader is worth knowing.
 */
type Write = <Answer>(
  work: (db: Transaction<InventoryTables>) => Promise<Answer>,
) => Promise<Answer>;

/** Older entries go: strangers must not be able to fill the disk. */
const auditMax = 100_000;

/** Who may do what, in the inventory's own database. */
export function createAccessRecords(
  db: Database,
  options: { readonly engine: Engine; readonly term: WritingTerm },
): AccessRecords {
  const write: Write = (work) =>
    asked(() =>
      db.transaction().execute(async (transaction) => {
        await checkTerm(transaction, options);
        return work(transaction);
      }),
    );
  return {
    ...authorityRecords(db, write),
    ...machineRecords(db, write),
    ...peopleRecords(db, write),
  };
}

function authorityRecords(
  db: Database,
  write: Write,
): Pick<AccessRecords, "authority" | "keepAuthority"> {
  const read = async (from: Database): Promise<AuthorityRecord | null> => {
    const row = await from.selectFrom("authority").selectAll().executeTakeFirst();
    return row === undefined ? null : authorityFrom(row);
  };
  return {
    authority: () => asked(() => read(db)),
    keepAuthority: ({ certificate, sealedKey, createdAt }) =>
      write(async (own) => {
        const row = { id: 1, certificate, sealed_key: sealedKey, created_at: createdAt };
        await own
          .insertInto("authority")
          .values(row)
          .onConflict((conflict) => conflict.column("id").doNothing())
          .execute();
        return (await read(own)) ?? authorityFrom(row);
      }),
  };
}

function machineRecords(
  db: Database,
  write: Write,
): Pick<
  AccessRecords,
  | "addInvitation"
  | "invitation"
  | "bindInvitation"
  | "addCertificate"
  | "certificate"
  | "revokeMachine"
> {
  return {
    addInvitation: ({ hash, machine, role, expiresAt, key }, now) =>
      write(async (own) => {
        await own.deleteFrom("invitation").where("expires_at", "<=", now).execute();
        const row = { hash, machine, role, expires_at: expiresAt, key };
        await own.insertInto("invitation").values(row).execute();
      }),
    invitation: (hash) => asked(() => readInvitation(db, hash)),
    bindInvitation: (hash, key) => write((own) => bindInvitation(own, hash, key)),
    addCertificate: (certificate) => write((own) => addCertificate(own, certificate)),
    certificate: (serial) =>
      asked(async () => {
        const row = await db
          .selectFrom("certificate")
          .selectAll()
          .where("serial", "=", serial)
          .executeTakeFirst();
        return row === undefined ? null : certificateFrom(row);
      }),
    revokeMachine: (machine, now) =>
      write(async (own) => {
        await own.deleteFrom("invitation").where("machine", "=", machine).execute();
        await own
          .updateTable("certificate")
          .set({ revoked_at: now })
          .where("machine", "=", machine)
          .where("revoked_at", "is", null)
          .execute();
      }),
  };
}

async function readInvitation(db: Database, hash: string): Promise<InvitationRecord | null> {
  const row = await db
    .selectFrom("invitation")
    .selectAll()
    .where("hash", "=", hash)
    .executeTakeFirst();
  return row === undefined ? null : invitationFrom(row);
}

/**
 * One statement decides who came first. The machine's other invitations go with it: a launch that was repeated
 * made several, and the agent may read the last one after it has used the first.
 */
async function bindInvitation(db: Database, hash: string, key: string): Promise<string | null> {
  await db
    .updateTable("invitation")
    .set({ key })
    .where("key", "is", null)
    .where("machine", "=", (query) =>
      query.selectFrom("invitation").select("machine").where("hash", "=", hash),
    )
    .where((where) =>
      where.exists(
        where
          .selectFrom("invitation as own")
          .select("own.hash")
          .where("own.hash", "=", hash)
          .where((own) => own.or([own("own.key", "is", null), own("own.key", "=", key)])),
      ),
    )
    .execute();
  return (await readInvitation(db, hash))?.key ?? null;
}

async function addCertificate(db: Database, certificate: CertificateRecord): Promise<void> {
  const { serial, machine, role, key, issuedAt, expiresAt, revokedAt } = certificate;
  await db.deleteFrom("certificate").where("expires_at", "<=", issuedAt).execute();
  await db
    .updateTable("certificate")
    .set({ revoked_at: issuedAt })
    .where("machine", "=", machine)
    .where("key", "!=", key)
    .where("revoked_at", "is", null)
    .execute();
  // Else a former key could come back by the token it has used, and throw the present one out.
  await db
    .deleteFrom("invitation")
    .where("machine", "=", machine)
    .where("key", "!=", key)
    .execute();
  await db
    .insertInto("certificate")
    .values({
      serial,
      machine,
      role,
      key,
      issued_at: issuedAt,
      expires_at: expiresAt,
      revoked_at: revokedAt,
    })
    .execute();
}

function peopleRecords(
  db: Database,
  write: Write,
): Pick<
  AccessRecords,
  "apiTokens" | "apiToken" | "addApiToken" | "revokeApiToken" | "addAudit" | "audit"
> {
  return {
    apiTokens: () =>
      asked(async () => {
        const rows = await db.selectFrom("api_token").selectAll().orderBy("name").execute();
        return rows.map(apiTokenFrom);
      }),
    apiToken: (hash) =>
      asked(async () => {
        const row = await db
          .selectFrom("api_token")
          .selectAll()
          .where("hash", "=", hash)
          .executeTakeFirst();
        return row === undefined ? null : apiTokenFrom(row);
      }),
    addApiToken: (token) => write((own) => addApiToken(own, token)),
    revokeApiToken: (name, now) =>
      write(async (own) => {
        const { numUpdatedRows } = await own
          .updateTable("api_token")
          .set({ revoked_at: now })
          .where("name", "=", name)
          .where("revoked_at", "is", null)
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      }),
    addAudit: (entry) =>
      asked(async () => {
        const { at, who, address, what, outcome } = entry;
        const row = { at, who, address, what, outcome };
        // The number is the database's own to give.
        await db
          .insertInto("audit")
          .values(row as AccessTables["audit"])
          .execute();
        await db
          .deleteFrom("audit")
          .where("number", "<=", (query) =>
            query
              .selectFrom("audit")
              .select((last) => last(last.fn.max("number"), "-", auditMax).as("first")),
          )
          .execute();
      }),
    audit: ({ after, limit }) =>
      asked(async () => {
        const rows = await db
          .selectFrom("audit")
          .selectAll()
          .where("number", ">", after)
          .orderBy("number", "desc")
          .limit(limit)
          .execute();
        // Rows of node:sqlite have no prototype.
        return rows.map((row) => ({ ...row }));
      }),
  };
}

async function addApiToken(db: Database, token: ApiTokenRecord): Promise<boolean> {
  const row: ApiTokenTable = {
    name: token.name,
    hash: token.hash,
    role: token.role,
    created_by: token.createdBy,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    revoked_at: token.revokedAt,
  };
  const { numInsertedOrUpdatedRows = 0n } = await db
    .insertInto("api_token")
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column("name")
        .doUpdateSet(row)
        .where((where) =>
          where.or([
            where("api_token.revoked_at", "is not", null),
            where("api_token.expires_at", "<=", token.createdAt),
          ]),
        ),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot use the records of access: ${said}`, { cause });
  }
}

function authorityFrom(row: AuthorityTable): AuthorityRecord {
  const { certificate, sealed_key, created_at } = row;
  return { certificate, sealedKey: sealed_key, createdAt: created_at };
}

function invitationFrom(row: InvitationTable): InvitationRecord {
  const { hash, machine, role, expires_at, key } = row;
  return { hash, machine, role, expiresAt: expires_at, key };
}

function certificateFrom(row: CertificateTable): CertificateRecord {
  const { serial, machine, role, key, issued_at, expires_at, revoked_at } = row;
  return {
    serial,
    machine,
    role,
    key,
    issuedAt: issued_at,
    expiresAt: expires_at,
    revokedAt: revoked_at,
  };
}

function apiTokenFrom(row: ApiTokenTable): ApiTokenRecord {
  const { name, role, hash, created_by, created_at, expires_at, revoked_at } = row;
  return {
    name,
    role: role as AccessRole,
    hash,
    createdBy: created_by,
    createdAt: created_at,
    expiresAt: expires_at,
    revokedAt: revoked_at,
  };
}
