import type { RoleView } from "../view.ts";
import type { Metrics } from "./metric.ts";
import { seriesOf, sumOf, type Series } from "./series.ts";

/** What conditions are judged on. */
export interface Sight {
  readonly view: RoleView;
  readonly nowS: number;
  /** A value that is older says nothing. */
  readonly olderS: number;
  readonly series: (metric: string) => Series | null;
  readonly metrics: Metrics;
  /**
   * What figures of single machines would be times, if there were fewer machines: 1 for how it is. Then only the
   * newest figures are looked at, since the past had its own machines.
   */
  readonly factor: number;
}

/** Looks at the metrics up to the second before now. */
export function takeSight(view: RoleView, metrics: Metrics, nowS: number, olderS: number): Sight {
  const known = new Map<string, Series | null>();
  const series = (metric: string): Series | null => {
    const former = known.get(metric);
    if (former !== undefined) return former;
    const found = findSeries(view, metrics, metric);
    known.set(metric, found);
    return found;
  };
  return { view, nowS, olderS, series, metrics, factor: 1 };
}

function findSeries(view: RoleView, metrics: Metrics, metric: string): Series | null {
  const { arrivals, busy, queue } = view.balancer;
  if (metric === "arrivals") return seriesOf(arrivals, 1);
  if (metric === "queue") return seriesOf(queue, 1);
  if (metric === "in_flight") return sumOf(busy, queue);
  const seconds = view.metrics.get(metric);
  return seconds === undefined ? null : seriesOf(seconds, metrics.get(metric)?.everyS ?? 1);
}
