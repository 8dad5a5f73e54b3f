const PAUSE_MS = 10;

/** Asks again until the answer is something: waits for a condition, never for a time. Says what was awaited in vain. */
export async function until<Answer>(
  what: string | (() => string),
  ask: () => Promise<Answer | Nothing> | Answer | Nothing,
  limitMs = 10_000,
): Promise<Answer> {
  const end = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined) return answer;
    if (performance.now() > end) {
      throw new Error(`Not within ${limitMs} ms: ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

type Nothing = false | null | undefined;
