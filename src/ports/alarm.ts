import type { Clock } from "./clock.ts";

/** A sleep that news can end. Ringing while nobody sleeps ends the next sleep at once. */
export interface Alarm {
  ring(): void;
  /** Ends at a ring since the last wait, after the time, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** A reason of our own costs nothing; the default one is an error with a stack. */
const rung = "rung";

/** One sleeper at a time. */
export function createAlarm(clock: Clock): Alarm {
  let isRung = false;
  let sleeper: AbortController | null = null;
  return {
    ring() {
      isRung = true;
      sleeper?.abort(rung);
    },
    async wait(ms, signal) {
      if (!isRung && !signal.aborted) {
        sleeper = new AbortController();
        await clock.sleep(ms, AbortSignal.any([signal, sleeper.signal]));
        sleeper = null;
      }
      isRung = false;
    },
  };
}
