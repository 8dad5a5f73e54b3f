import type { Instant } from "../core/instant.ts";

/** How a machine shows the controller who it is. */
export interface MachineCredentials {
  /**
   * The key and a certificate that has not ended; joins for one where there is none.
   * Throws `Failure`: `unavailable` no answer, `rejected` the token is no longer good for this key.
   */
  show(signal: AbortSignal): Promise<ShownCredentials>;
  /** Takes another certificate for the same key. Throws like `show`. */
  renew(signal: AbortSignal): Promise<void>;
  /** The controller accepts the certificate no longer: the next `show` joins. */
  discard(): void;
  /** Null while there is no certificate. */
  renewal(): { readonly dueAt: Instant; readonly lifeMs: number } | null;
}

/** PEM. */
export interface ShownCredentials {
  readonly key: string;
  readonly certificate: string;
}
