import { unreachable } from "../../assert.ts";
import { readWhole, type Cursor, type Parsed } from "./cursor.ts";
import type { Amount, Effect, Pace, Pick } from "./rules.ts";
import { readSeconds } from "./parse-value.ts";
import { printFigure } from "./unit.ts";

/** No role has more machines. */
const machinesMax = 10_000;
const factorMax = 100;
/** No rate is looked at over a longer time. */
const paceSecondsMax = 86_400;

/** Reads what a rule does: `add max(2, 50%)`, `remove 10%`, `set 12`, `x2`, `hold`, `hold up`, `+10%`, `-3`. */
export function parseEffect(text: string): Parsed<Effect> {
  return readWhole(text, (cursor) => {
    if (cursor.took("hold")) return { kind: cursor.took("up") ? "hold_up" : "hold" };
    if (cursor.took("add") || cursor.took("+")) return { kind: "add", ...readAmounts(cursor) };
    if (cursor.took("remove") || cursor.took("-"))
      return { kind: "remove", ...readAmounts(cursor) };
    if (cursor.took("set")) return { kind: "set", machines: readMachines(cursor) };
    const factor = /^x(\d{1,3})$/.exec(cursor.next().text)?.[1];
    if (factor === undefined || Number(factor) < 2 || Number(factor) > factorMax) {
      throw cursor.fail("add 3, add 50%, remove 1, set 12, x2, hold or hold up");
    }
    cursor.pass();
    return { kind: "times", factor: Number(factor) };
  });
}

/** Reads `100% or 8 per 30s`, `60 per 10m`. */
export function parsePace(text: string): Parsed<Pace> {
  return readWhole(text, (cursor) => {
    const amounts = [readAmount(cursor)];
    while (cursor.took("or")) amounts.push(readAmount(cursor));
    cursor.expect("per", "and a window such as 30s");
    const seconds = readSeconds(cursor, paceSecondsMax);
    const most = (kind: Amount["kind"]): number | null => {
      const values = amounts.filter((amount) => amount.kind === kind).map(({ value }) => value);
      return values.length === 0 ? null : Math.max(...values);
    };
    return { share: most("share"), machines: most("machines"), seconds };
  });
}

function readAmounts(cursor: Cursor): { amounts: readonly Amount[]; pick: Pick } {
  const pick = (["max", "min"] as const).find((word) => cursor.took(word));
  if (pick === undefined) return { amounts: [readAmount(cursor)], pick: "max" };
  cursor.expect("(", `after ${pick}`);
  const amounts = [readAmount(cursor)];
  while (cursor.took(",")) amounts.push(readAmount(cursor));
  cursor.expect(")", `after what ${pick} is given`);
  return { amounts, pick };
}

function readAmount(cursor: Cursor): Amount {
  const token = cursor.next();
  const isShare = token.kind === "number" && token.unit === "share";
  if (!isShare) return { kind: "machines", value: readMachines(cursor) };
  if (token.value <= 0 || token.value > factorMax) throw cursor.fail("a share above 0%");
  cursor.pass();
  return { kind: "share", value: token.value };
}

function readMachines(cursor: Cursor): number {
  const token = cursor.next();
  const isCount = token.kind === "number" && token.unit === "number";
  if (!isCount || !Number.isInteger(token.value) || token.value < 1 || token.value > machinesMax) {
    throw cursor.fail("a number of machines such as 3, or a share such as 50%");
  }
  cursor.pass();
  return token.value;
}

/** As it would be written. */
export function printEffect(effect: Effect): string {
  switch (effect.kind) {
    case "add":
    case "remove":
      return `${effect.kind} ${printAmounts(effect)}`;
    case "times":
      return `x${effect.factor}`;
    case "set":
      return `set ${effect.machines}`;
    case "hold":
      return "hold";
    case "hold_up":
      return "hold up";
    default:
      return unreachable(effect);
  }
}

function printAmounts({ amounts, pick }: Extract<Effect, { kind: "add" | "remove" }>): string {
  const texts = amounts.map(({ kind, value }) =>
    kind === "share" ? printFigure(value, "share") : String(value),
  );
  return texts.length === 1 ? texts.join("") : `${pick}(${texts.join(", ")})`;
}

/** As it would be written. */
export function printPace({ share, machines, seconds }: Pace): string {
  const amounts = [
    ...(share === null ? [] : [printFigure(share, "share")]),
    ...(machines === null ? [] : [String(machines)]),
  ];
  return `${amounts.join(" or ")} per ${printFigure(seconds, "duration")}`;
}

/**
 * What a pool of `base` machines becomes; null for those that set no number. A share above one machine is rounded
 * down, below it up to one, as EC2 Auto Scaling does.
 */
export function sizeAfter(effect: Effect, base: number): number | null {
  switch (effect.kind) {
    case "add":
      return base + machinesOf(effect, base);
    case "remove":
      return Math.max(0, base - machinesOf(effect, base));
    case "times":
      return base * effect.factor;
    case "set":
      return effect.machines;
    case "hold":
    case "hold_up":
      return null;
    default:
      return unreachable(effect);
  }
}

function machinesOf(
  { amounts, pick }: Extract<Effect, { kind: "add" | "remove" }>,
  base: number,
): number {
  const counts = amounts.map(({ kind, value }) =>
    kind === "machines" ? value : Math.max(1, Math.floor(value * base + roundingSlack)),
  );
  return pick === "max" ? Math.max(...counts) : Math.min(...counts);
}
/** 30 % of 10 is 3, whatever the binary digits say. */
const roundingSlack = 1e-9;
