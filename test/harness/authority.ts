import { generateKeyPairSync } from "node:crypto";
import { openAuthority } from "../../src/adapters/authority/authority.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import type { Authority, CertificateSubject } from "../../src/ports/authority.ts";
import { CONTROLLER_NAME } from "../../src/ports/registrar.ts";
import type { Seal } from "../../src/ports/seal.ts";

/** Hides nothing: for tests that look at something else. */
export const openSeal: Seal = {
  seal: (plain) => plain,
  open: (sealed) => sealed,
  fingerprint: (plain) => plain,
};

/** An authority that nobody keeps. */
export async function createTestAuthority(site: string): Promise<Authority> {
  const inventory = await openSqliteInventory(":memory:", "key");
  const now = Date.now();
  const authority = await openAuthority({
    records: inventory.access,
    seal: openSeal,
    site,
    now,
  });
  await inventory.close();
  return authority;
}

export interface KeyPair {
  /** PEM. */
  readonly key: string;
  readonly publicKey: string;
}

export function createKeyPair(): KeyPair {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    key: pair.privateKey.export({ format: "pem", type: "pkcs8" }),
    publicKey: pair.publicKey.export({ format: "pem", type: "spki" }),
  };
}

/** A key and a certificate for it, good for the next hour. */
export async function certify(
  authority: Authority,
  subject: CertificateSubject = { kind: "server", names: [CONTROLLER_NAME] },
): Promise<KeyPair & { readonly certificate: string; readonly serial: string }> {
  const pair = createKeyPair();
  const from = Date.now();
  const order = { subject, publicKey: pair.publicKey, from, until: from + 3_600_000 };
  const { pem, serial } = await authority.issue(order);
  return { ...pair, certificate: pem, serial };
}
