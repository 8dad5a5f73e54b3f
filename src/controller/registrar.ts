import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import { judgeAdmission, mayFetch } from "../core/access/admission.ts";
import type { ShownCertificate } from "../core/access/admission.ts";
import { objectionToJoin } from "../core/access/join.ts";
import type { AccessRecords } from "../ports/access-records.ts";
import type { Authority } from "../ports/authority.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inventory } from "../ports/inventory.ts";
import { joinText } from "../ports/registrar.ts";
import type { JoinAnswer, JoinAsk, Registrar } from "../ports/registrar.ts";
import type { FailureCount } from "./failure-count.ts";

/** Long enough for a slow boot, short enough that a token found later is worth nothing. */
const INVITATION_MS = 15 * 60_000;
/** One day: what is stolen ends by itself soon, and a controller may be away for half of it. */
export const CERTIFICATE_MS = 24 * 3_600_000;

export interface RegistrarParts {
  readonly site: string;
  readonly authority: Authority;
  readonly records: AccessRecords;
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly failures: FailureCount;
  readonly certificateMs: number;
}

/** The registrar, and what only the controller may ask of it. */
export interface ControllersRegistrar extends Registrar {
  /** A new one-time token for the machine; it is shown once and kept as a hash. */
  invite(machine: string, role: string): Promise<string>;
}

export function createRegistrar(parts: RegistrarParts): ControllersRegistrar {
  const { site, authority, records, inventory, clock } = parts;
  return {
    async invite(machine, role) {
      authority.prepare();
      const token = randomBytes(32).toString("base64url");
      const now = clock.now();
      const expiresAt = now + INVITATION_MS;
      await records.addInvitation(
        { hash: hashOf(token), machine, role, expiresAt, key: null },
        now,
      );
      return token;
    },
    join: (ask, address) => join(parts, ask, address),
    renew: (shown, publicKey) => renew(parts, shown, publicKey),
    async admit(shown) {
      const record = await records.certificate(shown.serial);
      return judgeAdmission(shown, record, { site, state: inventory.state(), now: clock.now() });
    },
    mayFetch: (machine, release) => mayFetch(inventory.state(), machine, release),
  };
}

/** SHA-256 is enough where 256 random bits are hashed: there is no list of likely values to try. */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

async function join(parts: RegistrarParts, ask: JoinAsk, address: string): Promise<JoinAnswer> {
  const { records, clock, failures } = parts;
  const key = keyOf(ask.publicKey);
  const isOwn = key !== null && isSigned(ask);
  const reason = isOwn ? await objection(parts, ask, key) : "the key is not the caller's";
  const entry = {
    at: clock.now(),
    who: `machine ${printable(ask.machine)}`,
    address,
    what: "join",
  };
  if (key !== null && reason === null) {
    await records.addAudit({ ...entry, outcome: "done" });
    return certify(parts, ask, key);
  }
  const retryAfterMs = failures.count(address);
  if (retryAfterMs !== null) {
    return { kind: "limited", reason: "too many refused tokens from this address", retryAfterMs };
  }
  await records.addAudit({ ...entry, outcome: `refused: ${reason}` });
  return { kind: "refused", reason: reason ?? "" };
}

async function objection(parts: RegistrarParts, ask: JoinAsk, key: string): Promise<string | null> {
  const { records, inventory, clock } = parts;
  const hash = hashOf(ask.token);
  const wish = { machine: ask.machine, role: ask.role, key };
  const judge = async (): Promise<string | null> =>
    objectionToJoin(
      await records.invitation(hash),
      wish,
      inventory.state().machines.get(ask.machine),
      clock.now(),
    );
  const before = await judge();
  if (before !== null) return before;
  // Two that come at once are told apart by the database, not by what was read before.
  const bound = await records.bindInvitation(hash, key);
  return bound === key ? null : "the token was used by another key";
}

async function renew(
  parts: RegistrarParts,
  shown: ShownCertificate,
  publicKey: string,
): Promise<JoinAnswer> {
  const { records, inventory, clock, site } = parts;
  const record = await records.certificate(shown.serial);
  const state = inventory.state();
  const judged = judgeAdmission(shown, record, { site, state, now: clock.now() });
  if (judged.kind === "refused") return judged;
  const { machine, certificate } = judged;
  if (keyOf(publicKey) !== certificate.key) {
    return { kind: "refused", reason: "the certificate is another key's" };
  }
  return certify(parts, { machine, role: certificate.role, publicKey }, certificate.key);
}

async function certify(
  parts: RegistrarParts,
  who: { readonly machine: string; readonly role: string; readonly publicKey: string },
  key: string,
): Promise<JoinAnswer> {
  const { site, authority, records, clock, certificateMs } = parts;
  const { machine, role, publicKey } = who;
  const from = clock.now();
  const until = from + certificateMs;
  const subject = { kind: "machine", site, machine, role } as const;
  const { pem, serial } = await authority.issue({ subject, publicKey, from, until });
  // On record before it is handed out: a certificate nobody knows of is never accepted.
  await records.addCertificate({
    serial,
    machine,
    role,
    key,
    issuedAt: from,
    expiresAt: until,
    revokedAt: null,
  });
  return { kind: "certificate", certificate: pem, lifeMs: certificateMs };
}

/** Hash of a P-256 key; null when it is none. */
function keyOf(publicKey: string): string | null {
  try {
    const key = createPublicKey(publicKey);
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return null;
    return createHash("sha256")
      .update(key.export({ format: "der", type: "spki" }))
      .digest("hex");
  } catch {
    // Whatever was sent, it is no key.
    return null;
  }
}

function isSigned({ machine, token, publicKey, signature }: JoinAsk): boolean {
  const text = Buffer.from(joinText(machine, token));
  return verify("sha256", text, publicKey, Buffer.from(signature, "base64"));
}

/** What a stranger calls itself goes into a list that people read. */
function printable(name: string): string {
  return name.replace(/[^a-z0-9-]/g, "").slice(0, 60);
}
