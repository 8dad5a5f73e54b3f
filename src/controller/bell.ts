import type { Clock } from "../ports/clock.ts";

/** Rung by news; waited for by the loop. Rings between two waits are one. */
export interface Bell {
  ring(): void;
  /** Resolves at a ring since the last wait, or after the time. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A reason of our own costs nothing; the default one is an error with a stack. */
const over = "over";

export function createBell(clock: Clock): Bell {
  let isRung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    async wait(ms, signal) {
      if (!isRung) {
        const rest = new AbortController();
        const rung = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([rung, clock.sleep(ms, AbortSignal.any([signal, rest.signal]))]);
        rest.abort(over);
        wake = null;
      }
      isRung = false;
    },
  };
}
