import type { Effect } from "../core/action.ts";
import type { EffectObservation } from "../core/observed.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { LaunchOrder } from "../ports/provider.ts";
import type { Provider } from "../ports/provider.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import type { Watch } from "./provider-watch.ts";
import type { Tenure } from "./tenure.ts";

/** A provider that has not answered by then will be asked again. */
const DEADLINE_MS = 120_000;

/** Carries out what plans ask of the world, one effect per machine at a time, and tells how it went. */
export interface Effects {
  start(effect: Effect): void;
  observe(): ReadonlyMap<string, EffectObservation>;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** Makes of a wish for a machine what the provider needs to know. */
export type OrderFor = (
  effect: Extract<Effect, { kind: "launch" }>,
) => LaunchOrder | Promise<LaunchOrder>;

export interface EffectParts {
  readonly provider: Provider;
  readonly releases: ReleaseStore;
  readonly clock: Clock;
  readonly watch: Watch;
  /** What is under way ends with it. */
  readonly tenure: Tenure;
  readonly orderFor: OrderFor;
  readonly onEnd: (subject: string, failure: Failure | null) => void;
}

export function createEffects(parts: EffectParts): Effects {
  const { clock, onEnd } = parts;
  const observed = new Map<string, EffectObservation>();
  const running = new Map<string, Promise<void>>();
  return {
    start(effect) {
      const subject = subjectOf(effect);
      // The tick that follows its end plans it anew if it is still wanted.
      if (running.has(subject)) return;
      const failures = observed.get(subject)?.failures ?? 0;
      observed.set(subject, { state: "under-way", failures, at: clock.now(), message: null });
      const work = carryOut(parts, effect).then((failure) => {
        running.delete(subject);
        if (failure === null) observed.delete(subject);
        else {
          const { message } = failure;
          observed.set(subject, {
            state: "failed",
            failures: failures + 1,
            at: clock.now(),
            message,
          });
        }
        onEnd(subject, failure);
      });
      running.set(subject, work);
    },
    observe: () => new Map(observed),
    settled: async () => {
      await Promise.all(running.values());
    },
  };
}

function subjectOf(effect: Effect): string {
  return effect.kind === "remove-release" ? `release ${effect.release}` : effect.machine;
}

async function carryOut(parts: EffectParts, effect: Effect): Promise<Failure | null> {
  const signal = AbortSignal.any([parts.tenure.signal, parts.clock.deadline(DEADLINE_MS)]);
  try {
    switch (effect.kind) {
      case "launch":
        parts.watch.add(await parts.provider.launch(await parts.orderFor(effect), signal));
        return null;
      case "terminate":
        await parts.provider.terminate(effect.machine, signal);
        parts.watch.remove(effect.machine);
        return null;
      case "remove-release":
        await parts.releases.remove(effect.release);
        return null;
    }
  } catch (cause) {
    // Only failures of the outside world are an outcome; anything else is a fault of ours and ends us.
    if (cause instanceof Failure) return cause;
    throw cause;
  }
}
