/** The steps of a decision, in their order. */
export type DecisionStep =
  /** A voice says how many machines it needs. */
  | "need"
  /** Machines go only if every voice that was heard agrees. */
  | "agree"
  /** Fewer machines must not be too few at once. */
  | "flap"
  /** What was needed a while ago is kept. */
  | "hold"
  /** A rule forbids growing, or any change. */
  | "veto"
  /** No faster than allowed. */
  | "limit"
  /** The schedule's most. */
  | "ceiling"
  /** The site file's least and most. */
  | "bounds"
  /** What may be spent. */
  | "spend"
  /** It was decided in this very second. */
  | "again";

/** One step: from all of them, in order, the decision can be computed again. */
export interface Reason {
  readonly step: DecisionStep;
  /** Who says so; null: the step itself. */
  readonly rule: string | null;
  readonly operation: "at least" | "at most";
  readonly amount: number;
  readonly before: number;
  readonly after: number;
  readonly sentence: string;
}

/** What the reasons amount to. */
export function recompute(reasons: readonly Reason[]): number {
  return reasons.reduce(
    (machines, { operation, amount }) =>
      operation === "at least" ? Math.max(machines, amount) : Math.min(machines, amount),
    0,
  );
}

/** A number of machines on its way through the steps. */
export interface Reckoning {
  readonly machines: () => number;
  readonly reasons: readonly Reason[];
  /** A voice: it is told even when it changes nothing. */
  readonly hear: (rule: string, need: number, sentence: string) => void;
  readonly atLeast: (step: DecisionStep, told: Told) => void;
  readonly atMost: (step: DecisionStep, told: Told) => void;
}

export interface Told {
  readonly rule?: string;
  readonly amount: number;
  readonly sentence: string;
}

/** Begins with no machines. */
export function createReckoning(): Reckoning {
  let machines = 0;
  const reasons: Reason[] = [];
  const take = (step: DecisionStep, operation: Reason["operation"], told: Told): void => {
    const { rule = null, amount, sentence } = told;
    const before = machines;
    machines = operation === "at least" ? Math.max(before, amount) : Math.min(before, amount);
    if (machines === before && step !== "need") return;
    reasons.push({ step, rule, operation, amount, before, after: machines, sentence });
  };
  return {
    machines: () => machines,
    reasons,
    hear: (rule, need, sentence) => take("need", "at least", { rule, amount: need, sentence }),
    atLeast: (step, told) => take(step, "at least", told),
    atMost: (step, told) => take(step, "at most", told),
  };
}
