import type { LoadSample } from "../observed.ts";
import { createSeconds } from "./seconds.ts";
import type { Seconds, SecondsRecord } from "./seconds.ts";
import type { BalancerSeconds, Responses } from "./view.ts";

/** What was seen of a role's load, second by second. */
export interface RoleFigures {
  readonly balancer: BalancerSeconds;
  readonly metrics: ReadonlyMap<string, Seconds>;
  readonly responses: Responses;
}

export interface FiguresRecord extends RoleFigures {
  add(sample: LoadSample): void;
}

/** Longer than any window a rule may name. */
const keptS = 3_600;
/** Figures older than this say nothing about now. */
export const FRESH_MS = 5_000;
/** Samples further apart do not tell what went in between. */
const apartMaxS = 5;

export function createFigures(): FiguresRecord {
  const balancer = {
    arrivals: createSeconds(keptS),
    completions: createSeconds(keptS),
    busy: createSeconds(keptS),
    queue: createSeconds(keptS),
  };
  const metrics = new Map<string, SecondsRecord>();
  const shares = latencyShares.map((share) => ({ share, seconds: createSeconds(keptS) }));
  let last: LoadSample | null = null;
  return {
    balancer,
    metrics,
    responses: { quantile: (p, from, to) => quantileOf(shares, balancer.arrivals, p, from, to) },
    add(sample) {
      const second = Math.floor(sample.at / 1_000);
      balancer.arrivals.put(second, sample.requestsPerSecond);
      balancer.completions.put(second, completionsOf(last, sample));
      balancer.busy.put(second, sample.inFlight);
      balancer.queue.put(second, sample.queue);
      const { latency } = sample;
      if (latency !== null) {
        const told = [latency.p50, latency.p95, latency.p99];
        shares.forEach(({ seconds }, index) => seconds.put(second, (told[index] ?? 0) / 1_000));
      }
      for (const [name, value] of Object.entries(sample.metrics)) {
        const known = metrics.get(name) ?? createSeconds(keptS);
        metrics.set(name, known);
        known.put(second, value);
      }
      last = sample;
    },
  };
}

/** Figures of samples that are there already. */
export function figuresOf(samples: readonly LoadSample[]): RoleFigures {
  const figures = createFigures();
  for (const sample of samples) figures.add(sample);
  return figures;
}

/** What came in and is neither at work nor waiting has been answered. */
function completionsOf(last: LoadSample | null, { at, ...now }: LoadSample): number {
  const apartS = last === null ? 0 : (at - last.at) / 1_000;
  if (last === null || apartS <= 0 || apartS > apartMaxS) return now.requestsPerSecond;
  const more = now.inFlight + now.queue - last.inFlight - last.queue;
  return Math.max(0, now.requestsPerSecond - more / apartS);
}

/** The shares that balancers tell. */
const latencyShares = [0.5, 0.95, 0.99] as const;

/** The mean of the nearest share that is told and not smaller: too slow is safer than too fast. */
function quantileOf(
  shares: readonly { readonly share: number; readonly seconds: Seconds }[],
  arrivals: Seconds,
  p: number,
  from: number,
  to: number,
): ReturnType<Responses["quantile"]> {
  const nearest = shares.find(({ share }) => share >= p) ?? shares.at(-1);
  const seconds = nearest?.seconds.mean(from, to) ?? null;
  const rate = arrivals.mean(from, to);
  if (seconds === null || rate === null) return null;
  return { seconds, answers: rate * (to - from) };
}
