/** Subscribes; the answer ends the subscription. */
type Subscribe = (listener: () => void) => () => void;

/** Reads again at each piece of news until there is something to tell, the time is over, or the asker left. */
export async function untilNews<Value>(
  read: () => Promise<Value>,
  isTold: (value: Value) => boolean,
  subscribe: Subscribe,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<Value> {
  const first = await read();
  if (isTold(first) || waitMs === 0) return first;
  let wake: () => void = () => undefined;
  const end = subscribe(() => wake());
  const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  over.addEventListener("abort", () => wake(), { once: true });
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const value = await read();
      if (isTold(value) || over.aborted) return value;
      await news;
    }
  } finally {
    end();
  }
}
