import type { Policy } from "../policy.ts";

export interface KpaSettings {
  /** Share of a machine's slots that it aims at. */
  readonly target?: number;
  /** Shrinks to the highest wish of this long. */
  readonly scaleDownDelayS?: number;
}

export interface KpaSight {
  readonly ready: number;
  /** Mean concurrency of the last minute, and of the last six seconds. */
  readonly stable: number;
  readonly panic: number;
  /** Concurrency that one machine should have. */
  readonly target: number;
}

/** Decides, and remembers whether it panics. */
export interface KpaScaler {
  want(sight: KpaSight, second: number): number;
}

const tickS = 2;
const stableS = 60;
const panicS = 6;
const ageS = 1;
const panicFactor = 2;
const growFactor = 1_000;
const shrinkFactor = 2;

/** Knative's pod autoscaler with its defaults (pkg/autoscaler/scaling), on concurrency and queue of the balancer. */
export function createKpa({ target = 0.7, scaleDownDelayS = 0 }: KpaSettings = {}): Policy {
  const scaler = createKpaScaler();
  const wishes: { readonly second: number; readonly machines: number }[] = [];
  return {
    name: scaleDownDelayS === 0 ? "KPA" : `KPA + ${scaleDownDelayS} s`,
    tickS,
    decide({ balancer, pool, machine }, second) {
      const meanOf = (lengthS: number): number | null => {
        const [from, to] = [second - ageS - lengthS, second - ageS];
        const busy = balancer.busy.mean(from, to);
        const queue = balancer.queue.mean(from, to);
        return busy === null || queue === null ? null : busy + queue;
      };
      const panic = meanOf(panicS);
      // It averages over what there is of the minute.
      const stable = meanOf(stableS) ?? panic;
      if (panic === null || stable === null) return null;
      const sight = { ready: pool.ready, stable, panic, target: machine.slots * target };
      const machines = scaler.want(sight, second);
      if (scaleDownDelayS === 0) return machines;
      wishes.push({ second, machines });
      while ((wishes[0]?.second ?? second) < second - scaleDownDelayS) wishes.shift();
      return wishes.reduce((most, wish) => Math.max(most, wish.machines), 0);
    },
  };
}

export function createKpaScaler(): KpaScaler {
  let panicAtS: number | null = null;
  let panicMost = 0;
  return {
    want({ ready: counted, stable, panic, target }, second) {
      const ready = Math.max(1, counted);
      const least = Math.floor(ready / shrinkFactor);
      const most = Math.ceil(growFactor * ready);
      const clamp = (machines: number): number => Math.min(Math.max(machines, least), most);
      const wanted = clamp(Math.ceil(stable / target));
      const inPanic = Math.ceil(panic / target);
      if (inPanic / ready >= panicFactor) panicAtS = second;
      else if (panicAtS !== null && second - panicAtS > stableS) {
        panicAtS = null;
        panicMost = 0;
      }
      if (panicAtS === null) return wanted;
      // It does not shrink while it panics.
      panicMost = Math.max(panicMost, wanted, clamp(inPanic));
      return panicMost;
    },
  };
}
