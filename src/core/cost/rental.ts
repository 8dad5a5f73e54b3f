import type { Instant } from "../instant.ts";
import type { InventoryState, MachineRecord } from "../inventory.ts";

/**
 * The time that one machine is paid for: from the moment it was asked for until it is known to be gone. A machine on
 * record is a rental that runs; the change that takes it off the record writes its end, or, where it was given up and may still
 * be there, that it goes on.
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
  /** When it was given up although it may still be there; null for all others. */
  readonly leftAt: Instant | null;
}

/** Names may come again one day, but never at the same moment. */
export function rentalKey({ machine, from }: Pick<Rental, "machine" | "from">): string {
  return `${machine} ${from}`;
}

/** The rental of a machine on record. */
function runningRental({ name, role, provider, type, createdAt }: MachineRecord): Rental {
  return { machine: name, role, provider, type, from: createdAt, to: null, leftAt: null };
}

/** Of a machine that leaves the record. A clock that was set back must not make the time negative. */
export function rentalOfGone(machine: MachineRecord, at: Instant, isSeenGone: boolean): Rental {
  const rental = runningRental(machine);
  return isSeenGone
    ? { ...rental, to: Math.max(machine.createdAt, at) }
    : { ...rental, leftAt: at };
}

/** Those of machines that are off the record, then those on it. */
export function rentalsOf({ rentals, machines }: InventoryState): readonly Rental[] {
  return [...rentals.values(), ...[...machines.values()].map(runningRental)];
}

/** Of machines off the record, the state holds so many: 650 a day over a month. Older ones are in the inventory alone. */
export const rentalsKept = 20_000;
