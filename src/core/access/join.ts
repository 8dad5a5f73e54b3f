import type { Instant } from "../instant.ts";
import type { MachineRecord } from "../inventory.ts";
import type { InvitationRecord } from "./records.ts";

/** Who wants in, with which key. */
export interface JoinWish {
  readonly machine: string;
  readonly role: string;
  /** Hash of its public key. */
  readonly key: string;
}

/** Why the machine may not join by this token; null when it may. */
export function objectionToJoin(
  invitation: InvitationRecord | null,
  wish: JoinWish,
  machine: MachineRecord | undefined,
  now: Instant,
): string | null {
  if (invitation === null) return "the token is not known";
  if (invitation.machine !== wish.machine) return "the token is another machine's";
  if (invitation.role !== wish.role) return `the token is for a ${invitation.role}`;
  if (machine === undefined) return `no machine ${wish.machine} is on record`;
  if (machine.role !== wish.role) return `${wish.machine} is on record as a ${machine.role}`;
  if (machine.state === "terminating") return `${wish.machine} is being given back`;
  if (now >= invitation.expiresAt) return "the token has expired";
  // The same key may come again: its answer may have been lost.
  const isBoundToOther = invitation.key !== null && invitation.key !== wish.key;
  return isBoundToOther ? "the token was used by another key" : null;
}
