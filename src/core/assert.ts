/** Ends the process's work on a state that cannot be: the next start begins from the inventory. */
export function assert(isTrue: boolean, message: string): asserts isTrue {
  if (!isTrue) throw new Error(`Impossible state: ${message}`);
}

/** The end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`Impossible state: unexpected ${JSON.stringify(value)}`);
}
