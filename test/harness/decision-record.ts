import type { DecisionRecord } from "../../src/core/scaling/decision-record.ts";
import type { Reason } from "../../src/core/scaling/rules/reasons.ts";

/** A decision of the aim that leaves four machines as they are. */
export function aDecisionRecord(wish: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    role: "web",
    at: 1_795_000_200_000,
    from: 4,
    to: 4,
    by: "rules",
    wanted: 4,
    sentence: "41 requests a second are expected",
    reasons: [aReason()],
    near: "queue > 0: it is 0",
    inputs: {
      arrivals: 41.25,
      inFlight: 8.5,
      queue: 0,
      ready: 4,
      booting: 0,
      serviceS: 0.2,
      margin: 0.22,
    },
    ...wish,
  };
}

/** The aim needs four machines. */
export function aReason(wish: Partial<Reason> = {}): Reason {
  return {
    step: "need",
    rule: "aim",
    operation: "at least",
    amount: 4,
    before: 0,
    after: 4,
    sentence: "41 requests a second are expected",
    ...wish,
  };
}
