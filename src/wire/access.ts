import { generateKeyPairSync } from "node:crypto";
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

/** As long as a controller may run before it is started anew; made again at each start. */
const SERVER_CERTIFICATE_MS = 400 * 86_400_000;

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
}

export async function openAccess(parts: AccessParts): Promise<Access> {
  const { siteId: site, inventory, records, seal, clock, localToken } = parts;
  const authority = await openAuthority({ records, seal, site, now: clock.now() });
  const failures = createFailureCount(clock);
  return {
    authority,
    failures,
    records,
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

/** A key and a certificate for a server of ours. The key lives in memory only. */
export async function serverCertificate(
  { authority }: Access,
  clock: Clock,
  names: readonly string[],
): Promise<{ readonly key: string; readonly certificate: string }> {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const from = clock.now();
  const { pem } = await authority.issue({
    subject: { kind: "server", names },
    publicKey: pair.publicKey.export({ format: "pem", type: "spki" }),
    from,
    until: from + SERVER_CERTIFICATE_MS,
  });
  const key = pair.privateKey.export({ format: "pem", type: "pkcs8" });
  return { key, certificate: pem };
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
