import type { Instant } from "../core/instant.ts";

/** The site's own certificate authority: who it names is trusted by agents and command lines, and nobody else is. */
export interface Authority {
  /** PEM of its certificate. */
  readonly certificate: string;
  issue(order: CertificateOrder): Promise<Certificate>;
  /** A certificate will be asked for soon: what takes time is begun now. */
  prepare(): void;
}

export interface CertificateOrder {
  readonly subject: CertificateSubject;
  /** PEM of the public key; the private one stays where it was made. */
  readonly publicKey: string;
  readonly from: Instant;
  readonly until: Instant;
}

/** A machine is named by a URI and may only be a client, a controller by host names and may only be a server. */
export type CertificateSubject =
  | {
      readonly kind: "machine";
      readonly site: string;
      readonly machine: string;
      readonly role: string;
    }
  | { readonly kind: "server"; readonly names: readonly string[] };

export interface Certificate {
  readonly pem: string;
  /** Hexadecimal, small letters. */
  readonly serial: string;
}

/** What must be kept of an authority so that another controller can be the same one. */
export interface AuthorityRecord {
  readonly certificate: string;
  /** PEM of the private key, sealed. */
  readonly sealedKey: string;
  readonly createdAt: Instant;
}
