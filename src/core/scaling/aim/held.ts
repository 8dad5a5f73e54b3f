/** What was needed lately: [second, machines], newest last, each less than the one before it. */
export type Held = readonly (readonly [number, number])[];

/** The needs of the last `holdS` seconds that still count, with the newest; the first of them is the greatest. */
export function hold(held: Held, second: number, need: number, holdS: number): Held {
  const kept = held.filter(
    ([at, machines]) => machines > need && at >= second - holdS && at <= second,
  );
  return [...kept, [second, need]];
}
