import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiTokenRecord } from "../core/access/records.ts";
import type { AccessRole } from "../core/access/roles.ts";
import type { AccessRecords } from "../ports/access-records.ts";
import type { Clock } from "../ports/clock.ts";

/** So that tools that look for secrets in code and logs find ours. */
const PREFIX = "tidemill_";
/** The name of the token in the file beside the inventory; no other may have it. */
export const LOCAL_NAME = "local";

/** Whose token it is, and what it may do. */
export interface Caller {
  readonly name: string;
  readonly role: AccessRole;
}

export interface TokenWish {
  readonly name: string;
  readonly role: AccessRole;
  /** Null: it does not expire. */
  readonly lifeMs: number | null;
  readonly by: string;
}

/** The tokens of people and their programs. */
export interface TokenBook {
  /** Null: nobody's, or of somebody who may no longer. */
  authenticate(token: string): Promise<Caller | null>;
  /** The new token, which is shown this once; null when the name is taken. */
  create(wish: TokenWish): Promise<string | null>;
  list(): Promise<readonly ApiTokenRecord[]>;
  /** False when no token in force has the name. */
  revoke(name: string): Promise<boolean>;
}

export function createTokenBook(parts: {
  readonly records: AccessRecords;
  readonly clock: Clock;
  readonly localToken: string;
}): TokenBook {
  const { records, clock } = parts;
  const local = digestOf(parts.localToken);
  return {
    async authenticate(token) {
      const digest = digestOf(token);
      // Digests are compared, all of the same length, so that neither content nor length shows in the time.
      if (timingSafeEqual(digest, local)) return { name: LOCAL_NAME, role: "admin" };
      if (!token.startsWith(PREFIX)) return null;
      const record = await records.apiToken(digest.toString("hex"));
      return record !== null && isInForce(record, clock.now())
        ? { name: record.name, role: record.role }
        : null;
    },
    async create({ name, role, lifeMs, by }) {
      if (name === LOCAL_NAME) return null;
      const token = `${PREFIX}${randomBytes(32).toString("base64url")}`;
      const now = clock.now();
      const isNew = await records.addApiToken({
        name,
        role,
        // 256 random bits have no list of likely values to try: a slow hash would only cost us.
        hash: digestOf(token).toString("hex"),
        createdBy: by,
        createdAt: now,
        expiresAt: lifeMs === null ? null : now + lifeMs,
        revokedAt: null,
      });
      return isNew ? token : null;
    },
    list: () => records.apiTokens(),
    revoke: (name) => records.revokeApiToken(name, clock.now()),
  };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function isInForce(record: ApiTokenRecord, now: number): boolean {
  return record.revokedAt === null && (record.expiresAt === null || now < record.expiresAt);
}
