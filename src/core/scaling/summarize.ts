import type { Decision } from "./decision.ts";

/** Why so many, in one sentence: who needs the most, and what became of it. */
export function summarize({ reasons }: Decision): string {
  const needs = reasons.filter(({ step }) => step === "need");
  const most = needs.reduce<(typeof needs)[number] | null>(
    (best, reason) => (best === null || reason.amount > best.amount ? reason : best),
    null,
  );
  const changed = reasons.filter(({ step, before, after }) => step !== "need" && before !== after);
  const told = [...(most === null ? [] : [most]), ...changed].map(({ sentence }) => sentence);
  return told.length === 0 ? "nobody needs another number of machines" : told.join("; ");
}
