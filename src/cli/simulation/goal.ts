import type { Outcome } from "../../simulate/trial.ts";
import { usageError } from "../cli-error.ts";
import { percentOf } from "./report.ts";
import type { Price } from "./machines.ts";

/** What must not come true, such as `slow > 0.5%`. */
export interface FailIf {
  readonly metric: Metric;
  readonly operator: Operator;
  readonly limit: number;
  /** As it was typed. */
  readonly text: string;
}

const shares = ["slow", "failed", "queued"] as const;
const amounts = ["hours", "cost"] as const;
type Metric = (typeof shares)[number] | (typeof amounts)[number];
type Operator = ">" | ">=" | "<" | "<=";

const form = /^\s*([a-z]+)\s*(>=|<=|>|<)\s*(\d{1,12}(?:\.\d{1,9})?)\s*(%?)\s*$/;

/** `slow > 0.5%`, `cost > 120`; throws what is wrong with it. */
export function parseFailIf(text: string, price: Price | null): FailIf {
  const [, metric = "", operator = "", figure = "", percent = ""] = form.exec(text) ?? [];
  const isShare = shares.some((name) => name === metric);
  const isAmount = amounts.some((name) => name === metric);
  if (!isShare && !isAmount) {
    const known = [...shares, ...amounts].join(", ");
    throw usageError(`--fail-if needs a comparison such as 'slow > 0.5%' of ${known}, got ${text}`);
  }
  if (isShare !== (percent === "%")) {
    const wanted = isShare ? "a percentage such as 0.5%" : "a number without %";
    throw usageError(`--fail-if needs ${wanted} for ${metric}, got ${text}`);
  }
  if (metric === "cost" && price === null)
    throw usageError("--fail-if cannot know the cost: say --price");
  const limit = isShare ? Number(figure) / 100 : Number(figure);
  return { metric: metric as Metric, operator: operator as Operator, limit, text: text.trim() };
}

/** One sentence when it has come true; null otherwise. */
export function judge(
  { metric, operator, limit, text }: FailIf,
  name: string,
  outcome: Outcome,
  price: Price | null,
): string | null {
  const value = valueOf(metric, outcome, price);
  if (!holds(operator, value, limit)) return null;
  const isShare = shares.some((share) => share === metric);
  const shown = isShare ? percentOf(value) : value.toFixed(2);
  return `${name}: ${metric} is ${shown}, which --fail-if '${text}' rules out`;
}

function valueOf(metric: Metric, outcome: Outcome, price: Price | null): number {
  if (metric === "hours") return outcome.machineHours;
  if (metric === "cost") return outcome.machineHours * (price?.machineHour ?? 0);
  return outcome[metric];
}

function holds(operator: Operator, value: number, limit: number): boolean {
  if (operator === ">") return value > limit;
  if (operator === ">=") return value >= limit;
  return operator === "<" ? value < limit : value <= limit;
}
