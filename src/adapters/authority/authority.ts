import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from "node:crypto";
import { identityUri } from "../../core/access/machine-identity.ts";
import type { AccessRecords } from "../../ports/access-records.ts";
import type {
  Authority,
  AuthorityRecord,
  Certificate,
  CertificateOrder,
  CertificateSubject,
} from "../../ports/authority.ts";
import { Failure } from "../../ports/failure.ts";
import type { Seal } from "../../ports/seal.ts";
import { loadX509 } from "./x509.ts";

/** Ten years: longer than the computers it names, short enough to be replaced in somebody's working life. */
const lifeMs = 10 * 365 * 86_400_000;
/** Computers whose clock is behind ours must not find the certificate to be of the future. */
const backdatedMs = 5 * 60_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** The authority on record, or a new one that is put on record first. Its key is only ever unsealed in memory. */
export async function openAuthority(options: {
  readonly records: AccessRecords;
  readonly seal: Seal;
  readonly site: string;
  readonly now: number;
}): Promise<Authority> {
  const { records, seal } = options;
  const known = await records.authority();
  const kept = known ?? (await records.keepAuthority(await makeAuthority(options)));
  const key = await importKey(seal.open(kept.sealedKey));
  return {
    certificate: kept.certificate,
    issue: (order) => issue({ certificate: kept.certificate, key }, order),
    // Whoever issues hears of a library that cannot be loaded.
    prepare: () => void loadX509().catch(() => undefined),
  };
}

async function makeAuthority(options: {
  readonly seal: Seal;
  readonly site: string;
  readonly now: number;
}): Promise<AuthorityRecord> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { KeyUsageFlags } = x509;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [`Tidemill authority of ${options.site}`] }],
    notBefore: new Date(options.now - backdatedMs),
    notAfter: new Date(options.now + lifeMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      // It names machines and controllers, never another authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const pem = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return {
    certificate: certificate.toString("pem"),
    sealedKey: options.seal.seal(pem.export({ format: "pem", type: "pkcs8" })),
    createdAt: options.now,
  };
}

interface Issuer {
  readonly certificate: string;
  readonly key: webcrypto.CryptoKey;
}

async function issue(issuer: Issuer, order: CertificateOrder): Promise<Certificate> {
  const x509 = await loadX509();
  const root = new x509.X509Certificate(issuer.certificate);
  const publicKey = await importPublicKey(order.publicKey);
  const serial = newSerial();
  const { subject } = order;
  const isMachine = subject.kind === "machine";
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: nameOf(subject),
    issuer: root.subject,
    notBefore: new Date(order.from - backdatedMs),
    notAfter: new Date(order.until),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: issuer.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // A machine's certificate can never pass for the controller's.
      new x509.ExtendedKeyUsageExtension([isMachine ? clientAuth : serverAuth], true),
      new x509.SubjectAlternativeNameExtension(alternativeNames(subject)),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  return { pem: certificate.toString("pem"), serial };
}

function nameOf(subject: CertificateSubject): { readonly [key: string]: string[] }[] {
  if (subject.kind === "server") return [{ CN: [subject.names[0] ?? ""] }];
  return [{ OU: [subject.role] }, { CN: [subject.machine] }];
}

function alternativeNames(
  subject: CertificateSubject,
): { readonly type: "url" | "ip" | "dns"; readonly value: string }[] {
  if (subject.kind === "machine") return [{ type: "url", value: identityUri(subject) }];
  return subject.names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }));
}

function isAddress(name: string): boolean {
  return /^\d+(\.\d+){3}$/.test(name) || name.includes(":");
}

/** 127 bits, positive, never with a leading zero: the same text in every tool. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
  return webcrypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, false, ["sign"]);
}

/** Throws `Failure` (`rejected`) for anything but a P-256 key. */
async function importPublicKey(pem: string): Promise<webcrypto.CryptoKey> {
  try {
    const der = createPublicKey(pem).export({ format: "der", type: "spki" });
    return await webcrypto.subtle.importKey("spki", new Uint8Array(der), algorithm, true, [
      "verify",
    ]);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("rejected", `Cannot certify the key: ${said}`, { cause });
  }
}
