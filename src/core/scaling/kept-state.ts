import type { Alarm } from "./aim/alarm.ts";
import type { Forecast } from "./aim/forecast.ts";
import type { Restlessness } from "./aim/restlessness.ts";
import type { ServiceTime } from "./aim/service-time.ts";
import type { KeptAim } from "./aim-policy.ts";
import type { Asked, DecisionState, Fired } from "./rules/state.ts";

/** Another number whenever what a state means changes: an older one is then forgotten, not misread. */
const form = 1;
const lengthMax = 65_536;

/** A state as it is kept, as text. */
export function writeState(state: DecisionState): string {
  return JSON.stringify({ form, state });
}

/** Null for what is damaged, or of another form. */
export function readState(text: string): DecisionState | null {
  if (text.length > lengthMax) return null;
  const kept = parse(text);
  if (!isObject(kept) || kept["form"] !== form) return null;
  const { state } = kept;
  return isState(state) ? state : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Check = (value: unknown) => boolean;
type Of<Shape> = (value: unknown) => value is Shape;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
/** Every field of the type has to be named: a new one cannot be forgotten here. */
const record =
  <Shape>(fields: { readonly [Key in keyof Shape]-?: Check }): Of<Shape> =>
  (value): value is Shape =>
    isObject(value) && Object.entries<Check>(fields).every(([field, check]) => check(value[field]));

const isPair: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(isNumber);
const isLedger = listOf(isPair);

const isAim = record<KeptAim>({
  service: record<ServiceTime>({
    seconds: orNull(isNumber),
    usual: orNull(isNumber),
    learnedAt: isNumber,
    isGrown: (value) => typeof value === "boolean",
  }),
  restlessness: record<Restlessness>({ meanSquare: isNumber, seenAt: isNumber }),
  held: isLedger,
  alarm: orNull(record<Alarm>({ raisedAt: isNumber, until: isNumber, machines: isCount })),
  forecast: record<Forecast>({ rate: orNull(isNumber), at: isNumber }),
  waitedAt: isNumber,
  grewAt: isNumber,
  askedS: orNull(isNumber),
  margin: orNull(isNumber),
});

const isState: Of<DecisionState> = record<DecisionState>({
  asked: orNull(
    record<Asked>({
      s: isNumber,
      desired: isCount,
      from: maybe(isCount),
      aimed: maybe(isNumber),
    }),
  ),
  needs: isLedger,
  ups: isLedger,
  downs: isLedger,
  launches: isLedger,
  grownAtS: orNull(isNumber),
  changedAtS: orNull(isNumber),
  fired: mapOf(record<Fired>({ atS: isNumber, trueAtS: isNumber, base: isNumber, want: isNumber })),
  latched: listOf((value) => typeof value === "string"),
  aim: orNull(isAim),
});
