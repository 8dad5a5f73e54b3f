import { unreachable } from "../../assert.ts";
import type { Value } from "./expression.ts";
import { forecastOf } from "./forecast.ts";
import { rise } from "./line.ts";
import { newest, valuesIn, type Series } from "./series.ts";
import type { Sight } from "./sight.ts";

/** A percentile of fewer answers than its share can tell apart says nothing: 20 for p95, 100 for p99. */
const answersPerShare = 1;

/** The value at the end of the second before `end`; NaN: not known. */
export function measure(value: Value, sight: Sight, end: number): number {
  switch (value.kind) {
    case "constant":
      return value.value;
    case "metric":
      return measureMetric(value.metric, sight, end);
    case "window":
      return measureWindow(value, sight, end);
    case "quantile":
      return measureQuantile(value.p, sight, end - value.seconds, end);
    case "forecast":
      return forecastOf(value.metric, measure(value.lead, sight, end), sight, end);
    case "per_machine": {
      const { ready } = sight.view.pool;
      return ready === 0 ? Number.NaN : (measure(value.of, sight, end) / ready) * sight.factor;
    }
    case "pool":
      return measurePool(value.of, sight);
    case "arithmetic":
      return calculate(value, sight, end);
    case "extreme": {
      const items = value.items.map((item) => measure(item, sight, end));
      return value.of === "min" ? Math.min(...items) : Math.max(...items);
    }
    case "ceil":
      return Math.ceil(measure(value.of, sight, end));
    default:
      return unreachable(value);
  }
}

function calculate(
  { operator, left, right }: Extract<Value, { kind: "arithmetic" }>,
  sight: Sight,
  end: number,
): number {
  const first = measure(left, sight, end);
  const second = measure(right, sight, end);
  switch (operator) {
    case "+":
      return first + second;
    case "-":
      return first - second;
    case "*":
      return first * second;
    case "/":
      // By nothing is not known, not endless.
      return second === 0 ? Number.NaN : first / second;
    default:
      return unreachable(operator);
  }
}

function measurePool(of: Extract<Value, { kind: "pool" }>["of"], { view, factor }: Sight): number {
  if (of === "boot") return view.machine.bootS;
  if (of === "slots") return view.machine.slots;
  return view.pool.ready / factor;
}

/** In the past a second stands for itself, and for those until the next value is due. */
function measureMetric(metric: string, sight: Sight, end: number): number {
  const series = sight.series(metric);
  if (series === null) return Number.NaN;
  const reachS = end === sight.nowS ? Math.max(sight.olderS, series.everyS) : series.everyS;
  return newest(series, end, reachS) * factorOf(metric, sight);
}

function factorOf(metric: string, { metrics, factor }: Sight): number {
  return metrics.get(metric)?.scope === "machine" ? factor : 1;
}

function measureWindow(
  { of, metric, seconds }: Extract<Value, { kind: "window" }>,
  sight: Sight,
  end: number,
): number {
  const series = sight.series(metric);
  if (series === null) return Number.NaN;
  // A window may lack a fifth of its seconds, but not for long its newest ones.
  const isFresh = !Number.isNaN(newest(series, end, Math.max(sight.olderS, series.everyS)));
  if (!isFresh) return Number.NaN;
  const from = end - seconds;
  const factor = factorOf(metric, sight);
  if (of === "avg" || of === "sum") {
    const mean = series.mean(from, end) ?? Number.NaN;
    return of === "avg" ? mean * factor : mean * factor * seconds;
  }
  return overValues(of, series, from, end) * factor;
}

function overValues(
  of: "max" | "min" | "rate" | "slope",
  series: Series,
  from: number,
  end: number,
): number {
  const found = valuesIn(series, from, end);
  if (found === null) return Number.NaN;
  const { seconds, values } = found;
  switch (of) {
    case "max":
      return values.reduce((most, value) => Math.max(most, value), -Infinity);
    case "min":
      return values.reduce((least, value) => Math.min(least, value), Infinity);
    case "rate":
      return growth(seconds, values);
    case "slope":
      return rise(seconds, values) * (end - from);
    default:
      return unreachable(of);
  }
}

/** Of a counter, per second. One that begins anew has grown by what it shows. */
function growth(seconds: readonly number[], values: readonly number[]): number {
  let grown = 0;
  for (const [index, value] of values.entries()) {
    const former = values[index - 1];
    if (former !== undefined) grown += value >= former ? value - former : value;
  }
  const lasted = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0);
  return lasted === 0 ? Number.NaN : grown / lasted;
}

function measureQuantile(p: number, { view }: Sight, from: number, end: number): number {
  const found = view.responses?.quantile(p, from, end) ?? null;
  if (found === null || found.answers * (1 - p) < answersPerShare - 1e-9) return Number.NaN;
  return found.seconds;
}
