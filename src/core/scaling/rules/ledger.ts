/** Numbers with the second at which they were written down, oldest first. Plain data. */
export type Ledger = readonly (readonly [second: number, amount: number])[];

/** More entries are folded together, so that a state stays small however long it looks back. */
const entriesMax = 60;

/** The sum of what was written down in the last `seconds`. */
export function sumOfLast(ledger: Ledger, nowS: number, seconds: number): number {
  return ledger.reduce((sum, [at, amount]) => (at > nowS - seconds ? sum + amount : sum), 0);
}

/** With another amount; what is older than `seconds` is forgotten. */
export function written(ledger: Ledger, nowS: number, amount: number, seconds: number): Ledger {
  const kept = ledger.filter(([at]) => at > nowS - seconds);
  if (amount === 0) return kept;
  return folded([...kept, [nowS, amount]], (one, other) => one + other);
}

/** The largest that was written down in the last `seconds`; 0 when nothing was. */
export function peakOf(ledger: Ledger, nowS: number, seconds: number): number {
  return ledger.reduce(
    (most, [at, need]) => (at > nowS - seconds ? Math.max(most, need) : most),
    0,
  );
}

/** With another need. What it exceeds can never be the largest again. */
export function withPeak(ledger: Ledger, nowS: number, need: number, seconds: number): Ledger {
  const kept = ledger.filter(([at, former]) => at > nowS - seconds && former > need);
  return folded([...kept, [nowS, need]], Math.max);
}

/** Two neighbours become one at the later second: what was done counts for longer, never for less. */
function folded(ledger: Ledger, fold: (one: number, other: number) => number): Ledger {
  if (ledger.length <= entriesMax) return ledger;
  let nearest = 0;
  let gapMin = Infinity;
  for (let index = 0; index + 1 < ledger.length; index += 1) {
    const gap = (ledger[index + 1]?.[0] ?? 0) - (ledger[index]?.[0] ?? 0);
    if (gap >= gapMin) continue;
    gapMin = gap;
    nearest = index;
  }
  return ledger.flatMap((entry, index): Ledger => {
    if (index === nearest) return [];
    const former = ledger[index - 1];
    if (index !== nearest + 1 || former === undefined) return [entry];
    return [[entry[0], fold(former[1], entry[1])]];
  });
}
