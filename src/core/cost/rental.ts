import type { Instant } from "../instant.ts";
import type { InventoryState, MachineRecord } from "../inventory.ts";

/**
 * The time that one machine is paid for: from the moment it was asked for until it is known to be gone. A machine on
 * record is a rental that runs; the change that takes it off the record writes its end.
 */
export interface Rental {
  readonly machine: string;
  readonly role: string;
  readonly provider: string;
  /** What it is sold as, e.g. `t3.micro`; null where nothing said so. */
  readonly type: string | null;
  readonly from: Instant;
  /** Null while it runs. */
  readonly to: Instant | null;
}

/** Names may come again one day, but never at the same moment. */
export function rentalKey({ machine, from }: Pick<Rental, "machine" | "from">): string {
  return `${machine} ${from}`;
}

/** The rental of a machine on record. */
function runningRental({ name, role, provider, type, createdAt }: MachineRecord): Rental {
  return { machine: name, role, provider, type, from: createdAt, to: null };
}

/** Of a machine that is gone. A clock that was set back must not make the time negative. */
export function endedRental(machine: MachineRecord, at: Instant): Rental & { to: Instant } {
  return { ...runningRental(machine), to: Math.max(machine.createdAt, at) };
}

/** Those that ended lately, oldest end first, then those that run. */
export function rentalsOf({ rentals, machines }: InventoryState): readonly Rental[] {
  return [...rentals.values(), ...[...machines.values()].map(runningRental)];
}

/** Ended ones that the state holds: 650 a day over a month. Older ones are in the inventory alone. */
export const rentalsKept = 20_000;
