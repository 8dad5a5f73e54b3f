import type { Action, StepResult } from "../action.ts";
import type { Roster } from "../roster.ts";

/** Machines that were given up cost until a listing of later no longer has them. */
export function endRentals({ state, observed, now }: Roster): StepResult {
  const actions: Action[] = [];
  const listing = observed.provider;
  if (listing === null) return { actions, holds: [] };
  for (const rental of state.rentals.values()) {
    const { to, leftAt, machine, from } = rental;
    if (to !== null || leftAt === null) continue;
    if (listing.at <= leftAt || listing.machines.has(machine)) continue;
    actions.push({
      kind: "confirm",
      subject: machine,
      reason: "it is gone, and costs no more",
      changes: [{ kind: "rental", rental: { ...rental, to: Math.max(from, now) } }],
      effect: null,
    });
  }
  return { actions, holds: [] };
}
