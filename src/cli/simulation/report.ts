import type { CauseKind } from "../../simulate/cause.ts";
import type { Outcome } from "../../simulate/trial.ts";
import { formatCount } from "../figures.ts";
import { momentOf } from "../moment.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import type { Price } from "./machines.ts";

/** Somebody, and what became of it. */
export interface Line {
  readonly name: string;
  readonly isOurs: boolean;
  readonly outcome: Outcome;
}

/** As many digits as tell small shares apart: `0.012%`, `1.3%`, `34%`. */
export function percentOf(share: number): string {
  const percent = share * 100;
  if (percent === 0) return "0%";
  return `${percent < 0.0995 ? percent.toFixed(3) : percent < 0.995 ? percent.toFixed(2) : percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)}%`;
}

/** The figures of everybody, ours first. `best`: machine-hours of who knows the future. */
export function renderFigures(
  lines: readonly Line[],
  price: Price | null,
  best: number | null,
): readonly string[] {
  const right = (title: string): Column => ({ title, align: "right" });
  const columns: Column[] = [
    { title: "", align: "left" },
    right("slow"),
    right("failed"),
    right("queued"),
    right("machine-hours"),
    ...(best === null ? [] : [right("× best")]),
    ...(price === null ? [] : [right(price.currency)]),
    right("machines"),
    right("turns/day"),
  ];
  return renderTable(
    columns,
    lines.map(({ name, outcome }) => [
      name,
      percentOf(outcome.slow),
      percentOf(outcome.failed),
      percentOf(outcome.queued),
      hoursOf(outcome.machineHours),
      ...(best === null ? [] : [(outcome.machineHours / best).toFixed(2)]),
      ...(price === null ? [] : [(outcome.machineHours * price.machineHour).toFixed(2)]),
      `≤ ${outcome.machinesMax}`,
      outcome.turnsPerDay.toFixed(1),
    ]),
  );
}

function hoursOf(hours: number): string {
  return hours < 99.95 ? hours.toFixed(1) : formatCount(hours);
}

/** As people say them. */
export const causeNames: Readonly<Record<CauseKind, string>> = {
  boot_bound: "boot-bound",
  capped_by_max: "capped by max",
  rule_too_slow: "rule too slow",
  forecast_missed: "forecast missed",
  spend_cap: "spend cap",
  chance: "chance",
};

/** The worst minutes, each with its cause. */
export function renderWorst({ worstMinutes }: Outcome): readonly string[] {
  if (worstMinutes.length === 0) return ["no request was slow"];
  const columns: readonly Column[] = [
    { title: "worst minutes", align: "left" },
    { title: "slow", align: "right" },
    { title: "of", align: "right" },
    { title: "cause", align: "left" },
    { title: "", align: "left" },
  ];
  return renderTable(
    columns,
    worstMinutes.map(({ startS, slow, failed, requests, cause }) => [
      momentOf(startS * 1_000).slice(0, 16),
      formatCount(slow + failed),
      formatCount(requests),
      causeNames[cause.kind],
      cause.sentence,
    ]),
  );
}
