import type { Admission, ShownCertificate } from "../core/access/admission.ts";

/** Lets machines in: by a token first, by their certificate from then on. Throws `Failure` when its records do not answer. */
export interface Registrar {
  join(ask: JoinAsk, address: string): Promise<JoinAnswer>;
  /** Another certificate for the same key. */
  renew(shown: ShownCertificate, publicKey: string): Promise<JoinAnswer>;
  admit(shown: ShownCertificate): Promise<Admission>;
  /** Whether the release is one of the machine's own role. */
  mayFetch(machine: string, release: string): boolean;
}

export interface JoinAsk {
  readonly machine: string;
  readonly role: string;
  readonly token: string;
  /** PEM. */
  readonly publicKey: string;
  /** Over `joinText(token)`, in base64: whoever asks holds the private key. */
  readonly signature: string;
}

export type JoinAnswer =
  | { readonly kind: "certificate"; readonly certificate: string; readonly lifeMs: number }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "limited"; readonly reason: string; readonly retryAfterMs: number };

/** What the joining machine signs. */
export function joinText(machine: string, token: string): string {
  return `tidemill join ${machine} ${token}`;
}

/** The name in the certificate of the controller's door for agents: addresses may change, it does not. */
export const CONTROLLER_NAME = "controller.tidemill.internal";
