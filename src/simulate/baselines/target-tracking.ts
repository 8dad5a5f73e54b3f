import type { Policy, SimulatedView } from "../policy.ts";
import { utilisation } from "./means.ts";
import type { Span } from "./means.ts";

export interface TargetTrackingSettings {
  /** 0–1, of the CPU or of the requests that a machine can answer. */
  readonly target: number;
  readonly metric?: "cpu" | "requests";
  /** A figure covers this long, and is known that long after. */
  readonly periodS?: number;
  readonly lagS?: number;
  /** It shrinks when this many figures in a row are low. */
  readonly lowFigures?: number;
}

const highFigures = 3;
const lowShare = 0.9;
const warmupS = 300;
const recentFigures = 3;

/**
 * Target tracking of EC2 Auto Scaling as it is documented: proportional, rounded up, three high figures in a row
 * to grow, fifteen low ones to shrink, none of it while machines warm up.
 */
export function createTargetTracking(settings: TargetTrackingSettings): Policy {
  const { target, metric = "cpu", periodS = 60, lagS = 60, lowFigures = 15 } = settings;
  const measure = metric === "cpu" ? utilisation : requestShare;
  let figures: number[] = [];
  let shrinkFromS = 0;
  return {
    name: `ASG ${metric} ${Math.round(target * 100)}${periodS < 60 ? ` by ${periodS} s` : ""}`,
    tickS: periodS,
    decide(view, second) {
      const figure = measure(view, second, { lengthS: periodS, ageS: lagS });
      if (figure === null) return null;
      figures.push(figure);
      if (figures.length > lowFigures) figures.shift();
      const { ready, booting, desired } = view.pool;
      const latest = figures.slice(-highFigures);
      if (latest.length === highFigures && latest.every((value) => value > target)) {
        const wanted = Math.ceil((ready * figure) / target);
        if (wanted > desired) shrinkFromS = second + view.model.bootS + warmupS;
        return Math.max(desired, wanted);
      }
      const isLow = figures.length === lowFigures && figures.every((v) => v < target * lowShare);
      if (!isLow || booting > 0 || second < shrinkFromS) return desired;
      const wanted = Math.ceil((desired * Math.max(...figures.slice(-recentFigures))) / target);
      if (wanted >= desired) return desired;
      figures = [];
      return Math.max(1, wanted);
    },
  };
}

/** Requests per machine, as a share of what one can answer. */
function requestShare(view: SimulatedView, second: number, span: Span): number | null {
  const to = second - span.ageS;
  const ready = view.ready.mean(to - span.lengthS, to);
  const arrivals = view.balancer.arrivals.mean(to - span.lengthS, to);
  if (ready === null || arrivals === null || ready <= 0) return null;
  return (arrivals / ready) * (view.model.serviceS / view.machine.slots);
}
