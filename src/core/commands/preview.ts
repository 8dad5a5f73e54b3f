import type { Action } from "../action.ts";
import { applyChanges } from "../changes.ts";
import type { Instant } from "../instant.ts";
import type { Observed } from "../observed.ts";
import { plan } from "../plan.ts";
import type { Outcome } from "./outcome.ts";

/** What would happen first, and which roles would be deployed, if the wish were granted. Nothing is changed. */
export interface Preview {
  readonly deploys: readonly {
    readonly role: string;
    readonly from: string | null;
    readonly to: string;
  }[];
  readonly steps: readonly Pick<Action, "kind" | "subject" | "reason">[];
}

export function preview(observed: Observed, outcome: Outcome, now: Instant): Preview {
  if (outcome.kind !== "done") return { deploys: [], steps: [] };
  const inventory = applyChanges(observed.inventory, outcome.changes);
  const { actions } = plan({ ...observed, inventory }, now);
  const deploy = outcome.deploy === null ? undefined : inventory.deploys.get(outcome.deploy);
  return {
    deploys: (deploy?.changes ?? []).map(({ role, from, to }) => ({ role, from, to })),
    steps: actions.map(({ kind, subject, reason }) => ({ kind, subject, reason })),
  };
}
