import type { Action, StepResult } from "../action.ts";
import type { RoleRecord } from "../inventory.ts";
import type { Roster } from "../roster.ts";
import { formatMonth, monthAt } from "./month.ts";
import { spendingOf } from "./spending.ts";

/** Of the month's amount, in percent: each is told once a month. */
const marks = [100, 80] as const;

/** Roles that have spent most of what the month allows them: it is put on record, once at each mark. */
export function tellSpending(roster: Roster): StepResult {
  const actions: Action[] = [];
  const month = formatMonth(monthAt(roster.now));
  for (const { name, role, record } of roster.roles) {
    const cap = role?.scaling.rules?.spend ?? null;
    const perMonth = cap?.perMonth ?? null;
    if (cap === null || perMonth === null || perMonth <= 0) continue;
    const spending = spendingOf(roster.state, name, roster.now);
    if (spending === null) continue;
    const percent = marks.find((mark) => spending.thisMonth * 100 >= perMonth * mark);
    if (percent === undefined || hasBeenTold(record, month, percent)) continue;
    const then = cap.isCap ? "no machine is added beyond it" : "it is only told";
    const spent = `${spending.thisMonth.toFixed(2)} of ${perMonth} ${cap.currency}`;
    actions.push({
      kind: "spend",
      subject: name,
      reason: `${percent} % of what ${month} may cost are spent (${spent}); ${then}`,
      changes: [{ kind: "role", role: { ...record, spendTold: { month, percent } } }],
      effect: null,
    });
  }
  return { actions, holds: [] };
}

function hasBeenTold({ spendTold }: RoleRecord, month: string, percent: number): boolean {
  return spendTold?.month === month && spendTold.percent >= percent;
}
