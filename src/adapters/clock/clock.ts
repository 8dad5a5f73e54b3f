import { createSteadyClock } from "./steady.ts";
import type { Clock } from "../../ports/clock.ts";

/** The system's clock. A sleep keeps the process alive; abort it to let go. */
export function createSystemClock(): Clock {
  return {
    now: createSteadyClock(
      () => Date.now(),
      () => performance.now(),
    ),
    deadline: (ms) => AbortSignal.timeout(ms),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        signal.addEventListener("abort", done, { once: true });
      }),
  };
}
