/** Leadership over one inventory, kept in its database. */
export interface Lease {
  /** Takes it where it is free or has run out, and renews it where it is ours. One statement. Throws `Failure`. */
  take(wish: LeaseWish, signal: AbortSignal): Promise<LeaseAnswer>;
  /** Lets go at once, so that another need not wait; not ours any more is no error. Throws `Failure`. */
  release(holder: string, signal: AbortSignal): Promise<void>;
  /** Says that this controller is there; answers with the addresses of all that said so lately. Throws `Failure`. */
  announce(member: Member, signal: AbortSignal): Promise<readonly string[]>;
  /** Called when a holder lets go. */
  onRelease(listener: () => void): void;
  close(): Promise<void>;
}

export interface LeaseWish {
  /** New for each term: what an earlier term of the same process has begun must not pass for this one's. */
  readonly holder: string;
  /** Where the holder answers people. */
  readonly url: string;
  readonly holdMs: number;
}

export type LeaseAnswer =
  | { readonly kind: "held"; readonly epoch: number }
  | {
      readonly kind: "taken";
      readonly url: string;
      /** By the database's clock; negative when it has run out between two statements. */
      readonly remainingMs: number;
    };

export interface Member {
  readonly id: string;
  /** Where agents call it. */
  readonly url: string;
  /** Who has said nothing for this long is left out. */
  readonly forgottenAfterMs: number;
}
