import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { openAuthority } from "../adapters/authority/authority.ts";
import { createFailureCount } from "../controller/failure-count.ts";
import type { FailureCount } from "../controller/failure-count.ts";
import { CERTIFICATE_MS, createRegistrar } from "../controller/registrar.ts";
import type { ControllersRegistrar } from "../controller/registrar.ts";
import { createTokenBook } from "../controller/token-book.ts";
import type { TokenBook } from "../controller/token-book.ts";
import type { AccessRecords } from "../ports/access-records.ts";
import type { Authority } from "../ports/authority.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Seal } from "../ports/seal.ts";
import { writeKept } from "./kept-file.ts";

/** Longer than a controller runs before it is started anew. */
const SERVER_CERTIFICATE_MS = 800 * 86_400_000;
/** A start makes another while this much is left. */
const RENEWED_BEFORE_MS = 400 * 86_400_000;

export interface AccessParts {
  readonly siteId: string;
  readonly inventory: Inventory;
  readonly records: AccessRecords;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly localToken: string;
}

/** Who may do what at this controller. */
export interface Access {
  readonly authority: Authority;
  readonly registrar: ControllersRegistrar;
  readonly tokens: TokenBook;
  readonly failures: FailureCount;
  readonly records: AccessRecords;
  readonly seal: Seal;
}

export async function openAccess(parts: AccessParts): Promise<Access> {
  const { siteId: site, inventory, records, seal, clock, localToken } = parts;
  const authority = await openAuthority({ records, seal, site, now: clock.now() });
  const failures = createFailureCount(clock);
  return {
    authority,
    failures,
    records,
    seal,
    tokens: createTokenBook({ records, clock, localToken }),
    registrar: createRegistrar({
      site,
      authority,
      records,
      inventory,
      clock,
      failures,
      certificateMs: certificateMs(),
    }),
  };
}

export interface ServerCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** What is kept of a server's certificate, sealed, so that the next start need not make another. */
interface KeptCertificate extends ServerCertificate {
  readonly names: readonly string[];
  readonly authority: string;
  readonly until: number;
}

/** A key and a certificate for a server of ours: those in the file while they are good, else new ones. */
export async function serverCertificate(
  { authority, seal }: Access,
  clock: Clock,
  names: readonly string[],
  path: string,
): Promise<ServerCertificate> {
  const from = clock.now();
  const kept = readCertificate(path, seal);
  const isGood = kept?.authority === authority.certificate && kept.names.join() === names.join();
  if (kept !== null && isGood && from < kept.until - RENEWED_BEFORE_MS) return kept;
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = pair.publicKey.export({ format: "pem", type: "spki" });
  const until = from + SERVER_CERTIFICATE_MS;
  const subject = { kind: "server", names } as const;
  const { pem } = await authority.issue({ subject, publicKey, from, until });
  const key = pair.privateKey.export({ format: "pem", type: "pkcs8" });
  const made = { key, certificate: pem, names, authority: authority.certificate, until };
  writeKept(path, seal.seal(JSON.stringify(made)));
  return made;
}

function readCertificate(path: string, seal: Seal): KeptCertificate | null {
  try {
    return JSON.parse(seal.open(readFileSync(path, "utf8"))) as KeptCertificate;
  } catch {
    // Not there, cut short, or of another seal: another is made.
    return null;
  }
}

/** Every name a person may call this computer by. */
export function hostNames(host: string): readonly string[] {
  const isAny = host === "0.0.0.0" || host === "::";
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address.replace(/%.*$/, "")),
  );
  return [...new Set([host, "localhost", "127.0.0.1", ...(isAny ? own : [])])];
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}

/** TIDEMILL_CERTIFICATE_MS: a shorter life, so that a test need not wait for hours. */
function certificateMs(): number {
  const text = process.env["TIDEMILL_CERTIFICATE_MS"];
  return text === undefined ? CERTIFICATE_MS : Number(text);
}
