/** Keeps secrets unreadable at rest. The key lives in a file of mode 0600 beside what it seals. */
export interface Seal {
  seal(plain: string): string;
  /** Throws `Failure` (`rejected`) when the text was not sealed with this key. */
  open(sealed: string): string;
  /** Tells equal values without revealing them. */
  fingerprint(plain: string): string;
}
