import type { Effect } from "../core/action.ts";
import type { EffectObservation, LimitsObservation } from "../core/observed.ts";
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
  /** By machine: what it was told last that it may use. */
  limits(): ReadonlyMap<string, LimitsObservation>;
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
  const limits = new Map<string, LimitsObservation>();
  const running = new Map<string, Promise<void>>();
  const noteLimits = (effect: LimitsEffect, outcome: Outcome): void =>
    void limits.set(effect.machine, {
      address: effect.address,
      limits: effect.limits,
      state: outcome === "begun" ? "under-way" : outcome === null ? "given" : "refused",
      at: clock.now(),
      message: outcome instanceof Failure ? outcome.message : null,
    });
  const noteCall = (subject: string, outcome: Outcome): void => {
    if (outcome === null) return void observed.delete(subject);
    const failures = observed.get(subject)?.failures ?? 0;
    const at = clock.now();
    if (outcome === "begun") {
      observed.set(subject, { state: "under-way", failures, at, message: null });
    } else {
      const { message } = outcome;
      observed.set(subject, { state: "failed", failures: failures + 1, at, message });
    }
  };
  const note = (effect: Effect, outcome: Outcome): void => {
    if (effect.kind === "limits") return noteLimits(effect, outcome);
    noteCall(subjectOf(effect), outcome);
    // It may have been made anew, with the limits that this was ordered with.
    if (outcome !== "begun" && effect.kind !== "remove-release") limits.delete(effect.machine);
  };
  return {
    start(effect) {
      const subject = subjectOf(effect);
      const call = effect.kind === "limits" ? `limits of ${subject}` : subject;
      // The tick that follows its end plans it anew if it is still wanted.
      if (running.has(call)) return;
      note(effect, "begun");
      const work = carryOut(parts, effect).then((failure) => {
        running.delete(call);
        note(effect, failure);
        onEnd(subject, failure);
      });
      running.set(call, work);
    },
    observe: () => new Map(observed),
    limits: () => new Map(limits),
    settled: async () => {
      await Promise.all(running.values());
    },
  };
}

type LimitsEffect = Extract<Effect, { kind: "limits" }>;
/** Null: it went well. */
type Outcome = "begun" | Failure | null;

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
      case "limits":
        await parts.provider.limit(effect.machine, effect.limits, signal);
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
