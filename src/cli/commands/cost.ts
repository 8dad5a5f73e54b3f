import { usageError } from "../cli-error.ts";
import type { Cost } from "../client.ts";
import type { Command } from "../command.ts";
import { valueOf } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { formatMoney, formatPrice } from "../money.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";

const monthPattern = /^\d{4}-(0[1-9]|1[0-2])$/;

/** What the site's machines cost. */
export const cost: Command = {
  name: "cost",
  summary: "Tell what the machines cost this month, by role, and by its end",
  details:
    "Months are those of the calendar in UTC. A machine costs from the moment it was asked for until it is known to " +
    "be gone. Prices are in the site file, below `prices`.",
  words: [],
  options: [{ flags: "--month <month>", about: "another month, e.g. 2026-10" }],
  examples: ["tidemill cost", "tidemill cost --month 2026-10", "tidemill cost --json"],
  async run(context, given) {
    const month = valueOf(given, "month");
    if (month !== null && !monthPattern.test(month))
      throw usageError(`--month needs a month such as 2026-10, got ${month}`);
    const answer = await context.client().cost(month);
    context.output.result(answer, renderCost(answer));
    return exitCodes.done;
  },
};

/** What people read. */
export function renderCost(cost: Cost): readonly string[] {
  if (cost.roles.length === 0) return [`${cost.month}: no machine was paid for`];
  return [
    headline(cost),
    ...renderTable(columnsOf(cost), rowsOf(cost)),
    ...cost.limits.map(limitLine),
    ...(cost.listPrices === null
      ? []
      : [`prices of machine types: ${cost.listPrices.source}, as of ${cost.listPrices.asOf}`]),
    ...nextStep(cost),
  ];
}

function headline({ month, isOver, until, totals, forecast, roles, unpriced }: Cost): string {
  const when = isOver ? month : `${month} until ${new Date(until).toISOString().slice(0, 16)}Z`;
  if (totals.length === 0) {
    const hours = roles.reduce((sum, { machineHours }) => sum + machineHours, 0);
    return `${when}: ${hours.toFixed(2)} machine-hours; what they cost is not known`;
  }
  const end = forecast === null ? "" : `, about ${sumsOf(forecast.totals)} by its end`;
  const without = unpriced.length === 0 ? "" : `, without ${unpriced.join(" and ")}`;
  return `${when}: ${sumsOf(totals)}${end}${without}`;
}

function sumsOf(totals: Cost["totals"]): string {
  return totals.map(({ cents, currency }) => formatMoney(cents, currency)).join(" + ");
}

function columnsOf({ isOver }: Cost): readonly Column[] {
  const right = (title: string): Column => ({ title, align: "right" });
  const left = (title: string): Column => ({ title, align: "left" });
  const some = [left("ROLE"), left("TYPE"), right("MACHINES"), right("HOURS"), right("PER HOUR")];
  return [...some, ...(isOver ? [right("COST")] : [right("SO FAR"), right("BY THE END")])];
}

function rowsOf({ roles, forecast }: Cost): readonly (readonly string[])[] {
  const told = new Set<string>();
  return roles.map(({ role, type, machines, machineHours, perHour, currency, cents }) => {
    const isKnown = perHour !== null && currency !== null && cents !== null;
    const price = isKnown ? formatPrice(perHour, currency) : "-";
    const paid = isKnown ? formatMoney(cents, currency) : "unknown";
    const cells = [role, type ?? "-", `${machines}`, machineHours.toFixed(2), price, paid];
    if (forecast === null) return cells;
    // One forecast for a role, whatever its machines were.
    const expected = forecast.roles.find((one) => one.role === role && one.currency === currency);
    const isFirst = !told.has(role);
    told.add(role);
    const end = expected === undefined ? "unknown" : formatMoney(expected.cents, expected.currency);
    return [...cells, isFirst ? end : ""];
  });
}

function limitLine(limit: Cost["limits"][number]): string {
  const { role, currency, perHour, perMonth, isCap, spent, machinesAllowed } = limit;
  const amounts = [
    ...(perHour === null ? [] : [`${perHour} ${currency} an hour`]),
    ...(perMonth === null ? [] : [`${perMonth} ${currency} a month`]),
  ].join(" and ");
  const share =
    perMonth === null || spent === null || perMonth === 0
      ? ""
      : `; ${Math.floor((spent / perMonth) * 100)} % of the month's are spent`;
  if (spent === null) return `${role} may spend ${amounts}; without a price this limits nothing`;
  if (!isCap) return `${role} should spend at most ${amounts}${share}; it is only told`;
  const allowed =
    machinesAllowed === null ? "" : `; ${counted(machinesAllowed, "machine")} may run`;
  return `${role} may spend ${amounts}${share}${allowed}`;
}

/** What is missing, and how to give it. */
function nextStep({ unpriced }: Cost): readonly string[] {
  if (unpriced.length === 0) return [];
  const prices = unpriced.map((role) => `${role}: 0.0104 USD per hour`).join(", ");
  return [
    `no price is known for ${unpriced.join(", ")}`,
    `next: add prices: { machines: { ${prices} } } to the site file, with what they cost, then tidemill up`,
  ];
}
