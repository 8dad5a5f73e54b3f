import type { Policy } from "../policy.ts";
import { utilisation } from "./means.ts";

export interface HpaSettings {
  /** Utilisation that it keeps, 0–1. */
  readonly target: number;
  /** Shrinks to the highest recommendation of this long. */
  readonly stabilizationS?: number;
  /** Its metrics are means over this long … */
  readonly windowS?: number;
  /** … and that old. */
  readonly ageS?: number;
}

export interface HpaPods {
  /** Wanted so far, ready or not. */
  readonly current: number;
  readonly ready: number;
}

const syncS = 15;
const tolerance = 0.1;
const growFactor = 2;
const growPods = 4;

/** Kubernetes' HorizontalPodAutoscaler v2 on CPU with its defaults (pkg/controller/podautoscaler). */
export function createHpa(settings: HpaSettings): Policy {
  const { target, stabilizationS = 300, windowS = 15, ageS = 8 } = settings;
  const recommended: { readonly second: number; readonly pods: number }[] = [];
  const grown: { readonly second: number; readonly pods: number }[] = [];
  return {
    name: `HPA ${Math.round(target * 100)}`,
    tickS: syncS,
    decide(view, second) {
      const used = utilisation(view, second, { lengthS: windowS, ageS });
      if (used === null) return null;
      const current = view.pool.desired;
      const wanted = recommendHpa(used / target, { current, ready: view.pool.ready });
      recommended.push({ second, pods: wanted });
      dropOlder(recommended, second - stabilizationS);
      if (wanted < current) {
        return Math.min(
          current,
          recommended.reduce((most, { pods }) => Math.max(most, pods), 0),
        );
      }
      if (wanted === current) return current;
      dropOlder(grown, second - syncS + 1);
      const base = current - grown.reduce((sum, { pods }) => sum + pods, 0);
      const limit = Math.max(current, base * growFactor, base + growPods);
      const pods = Math.min(wanted, limit);
      if (pods > current) grown.push({ second, pods: pods - current });
      return pods;
    },
  };
}

/** Pods for a ratio of metric to target, before stabilization and rate limits. */
export function recommendHpa(ratio: number, { current, ready }: HpaPods): number {
  if (Math.abs(1 - ratio) <= tolerance) return current;
  if (ratio < 1 || current <= ready) return Math.ceil(ratio * ready);
  // Pods that are not ready count as idle when it grows; if that changes its mind, nothing happens.
  const diluted = (ratio * ready) / current;
  if (diluted < 1 || diluted - 1 <= tolerance) return current;
  return Math.ceil(diluted * current);
}

function dropOlder(list: { readonly second: number }[], than: number): void {
  while ((list[0]?.second ?? than) < than) list.shift();
}
