import type { Unit } from "./unit.ts";

/** What a rule has to know about a figure before it may use it. */
export interface MetricFacts {
  readonly unit: Unit;
  /** Seconds between two values. */
  readonly everyS: number;
  /**
   * `role`: one figure for all machines together, so that `per machine` makes sense. `machine`: the mean over the
   * machines, which falls as their number grows. `fixed`: the same, but it does not follow their number.
   */
  readonly scope: "role" | "machine" | "fixed";
  /** Where more load cannot be told from much load. */
  readonly isSaturating: boolean;
}

/** The user's own figure, as the site file declares it. */
export interface DeclaredMetric {
  readonly name: string;
  readonly unit: Unit;
  readonly everyS: number;
  /** A shell command that prints it, or the address that answers with it. */
  readonly from:
    | { readonly kind: "run"; readonly command: string }
    | { readonly kind: "url"; readonly url: string };
}

/** The metrics a rule may name. */
export type Metrics = ReadonlyMap<string, MetricFacts>;

const role = { everyS: 1, scope: "role", isSaturating: false } as const;
const machine = { everyS: 1, scope: "machine", isSaturating: false } as const;

/** What every site has. `rt`, the response time, is known by its percentiles alone. */
const builtIn: readonly (readonly [string, MetricFacts])[] = [
  ["arrivals", { ...role, unit: "rate" }],
  ["in_flight", { ...role, unit: "number" }],
  ["queue", { ...role, unit: "number" }],
  ["errors", { ...role, unit: "rate" }],
  ["cpu", { ...machine, unit: "share", isSaturating: true }],
  ["memory", { ...machine, unit: "share", scope: "fixed" }],
  ["load", { ...machine, unit: "number" }],
  ["processes", { ...machine, unit: "number", scope: "fixed" }],
];

/** The name of the response times. */
export const responseTime = "rt";

/** Names that a metric of the user's cannot have. */
export const reservedMetrics: readonly string[] = [
  ...builtIn.map(([name]) => name),
  ...`${responseTime} machines boot slots requests forecast per for until`.split(" "),
  ..."and or not min max ceil avg sum rate slope".split(" "),
];

const builtInMetrics: Metrics = new Map(builtIn);

/** What every site has, and the user's own. */
export function knownMetrics(declared: readonly DeclaredMetric[]): Metrics {
  if (declared.length === 0) return builtInMetrics;
  const own = declared.map(({ name, unit, everyS }): [string, MetricFacts] => [
    name,
    { unit, everyS, scope: "role", isSaturating: false },
  ]);
  return new Map([...builtIn, ...own]);
}
