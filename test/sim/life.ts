import { createSteadyClock } from "../../src/adapters/clock/steady.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Timeline } from "./timeline.ts";

/**
 * One process of ours, from its start to its end. All it does to the world goes through here, so that it can
 * be ended or frozen between any two steps: a dead process does nothing more, a frozen one does it later.
 */
export interface Life {
  readonly name: string;
  readonly clock: Clock;
  readonly isOver: boolean;
  readonly isFrozen: boolean;
  /** Sets its system's clock, so much ahead of the true one. */
  setClock(aheadMs: number): void;
  /** A step of its own: it may die before the step, or after it and before it knows. */
  call<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer>;
  /** A step that has its answer at once; a dead process gets what `otherwise` says. */
  act<Answer>(work: () => Answer, otherwise: Answer): Answer;
  /** What the world tells it: later when it is frozen, never when it is dead. */
  hear(work: () => void): void;
  freeze(ms: number): void;
  end(): void;
  /** Called at its end, however it comes. */
  onEnd(work: () => void): void;
}

/** `isDeadly`: asked before and after each step whether the process dies there. */
export function createLife(name: string, timeline: Timeline, isDeadly: () => boolean): Life {
  let isOver = false;
  let skewMs = 0;
  let frozenUntil = -Infinity;
  const ends: (() => void)[] = [];
  const never = new Promise<never>(() => undefined);

  const end = (): void => {
    if (isOver) return;
    isOver = true;
    for (const work of ends) work();
  };
  /** In the order it was said: what came while it was frozen comes before what comes after. */
  const held: (() => void)[] = [];
  const wake = (): void => {
    if (timeline.now() < frozenUntil)
      return void timeline.after(frozenUntil - timeline.now(), wake);
    // What is heard may end it: then the rest is heard by nobody.
    for (let work = held.shift(); work !== undefined; work = held.shift()) if (!isOver) work();
  };
  const hear = (work: () => void): void => {
    if (isOver) return;
    if (timeline.now() >= frozenUntil && held.length === 0) return work();
    if (held.push(work) === 1) wake();
  };
  const thawed = (): Promise<void> =>
    timeline.now() >= frozenUntil ? Promise.resolve() : new Promise((resolve) => hear(resolve));
  const dies = (): boolean => {
    if (!isOver && isDeadly()) end();
    return isOver;
  };

  const life: Life = {
    name,
    setClock: (aheadMs) => void (skewMs = aheadMs),
    get isOver() {
      return isOver;
    },
    get isFrozen() {
      return timeline.now() < frozenUntil;
    },
    clock: {
      now: createSteadyClock(
        () => timeline.now() + skewMs,
        () => timeline.now(),
      ),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const done = (): void => {
            cancel();
            signal.removeEventListener("abort", done);
            hear(resolve);
          };
          const cancel = timeline.after(ms, done);
          signal.addEventListener("abort", done, { once: true });
        }),
      deadline(ms) {
        const abort = new AbortController();
        timeline.after(ms, () => hear(() => abort.abort()));
        return abort.signal;
      },
    },
    async call(work) {
      if (dies()) return never;
      try {
        const answer = await work();
        if (dies()) return await never;
        await thawed();
        return isOver ? await never : answer;
      } catch (error) {
        if (dies()) return await never;
        await thawed();
        if (isOver) return await never;
        throw error;
      }
    },
    act: (work, otherwise) => (isOver ? otherwise : work()),
    hear,
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, timeline.now() + ms);
    },
    end,
    onEnd: (work) => void ends.push(work),
  };
  return life;
}
