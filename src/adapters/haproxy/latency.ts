import type { Latency } from "../../core/report.ts";

/** Up to here every millisecond has its own bucket; above it each bucket is 8 % wider than the one before. */
const exactMs = 20;
const growth = 1.08;
/** The last bucket holds everything from about 20 hours on. */
const bucketCount = exactMs + 200;

/** Counts durations so that every quantile is right within 4 %, in fixed memory. */
export interface Histogram {
  readonly buckets: Uint32Array;
}

/** An empty one. */
export function createHistogram(): Histogram {
  return { buckets: new Uint32Array(bucketCount) };
}

/** Counts one duration. */
export function recordDuration(histogram: Histogram, durationMs: number): void {
  const bucket = bucketOf(durationMs);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
}

/** Quantiles over all histograms together; null when nothing was counted. */
export function latencyOf(histograms: readonly Histogram[]): Latency | null {
  const sums = Array.from({ length: bucketCount }, () => 0);
  for (const { buckets } of histograms) {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      sums[bucket] = (sums[bucket] ?? 0) + (buckets[bucket] ?? 0);
    }
  }
  const total = sums.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  return {
    p50: quantile(sums, total, 0.5),
    p95: quantile(sums, total, 0.95),
    p99: quantile(sums, total, 0.99),
  };
}

/** The nearest rank: the smallest duration that the share of all durations does not exceed. */
function quantile(counts: readonly number[], total: number, share: number): number {
  const rank = Math.max(1, Math.ceil(total * share));
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= rank) return middleOf(bucket);
  }
  return middleOf(counts.length - 1);
}

function bucketOf(durationMs: number): number {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < exactMs) return ms;
  const bucket = exactMs + Math.floor(Math.log(ms / exactMs) / Math.log(growth));
  return Math.min(bucket, bucketCount - 1);
}

function middleOf(bucket: number): number {
  if (bucket < exactMs) return bucket;
  return Math.round(exactMs * growth ** (bucket - exactMs + 0.5));
}

/** Histograms of the last seconds, by key. */
export interface LatencyWindow {
  record(key: string, durationMs: number, now: number): void;
  latency(key: string, now: number): Latency | null;
  /** Forgets every other key. */
  keepOnly(keys: ReadonlySet<string>): void;
}

const sliceMs = 1_000;
const sliceCount = 10;

/** Remembers about the last ten seconds, in slices of one. */
export function createLatencyWindow(): LatencyWindow {
  const slices = new Map<string, Map<number, Histogram>>();
  const oldest = (now: number): number => Math.floor(now / sliceMs) - sliceCount + 1;
  return {
    record(key, durationMs, now) {
      const own = slices.get(key) ?? new Map<number, Histogram>();
      slices.set(key, own);
      const slice = Math.floor(now / sliceMs);
      let histogram = own.get(slice);
      if (histogram === undefined) {
        histogram = createHistogram();
        own.set(slice, histogram);
        for (const old of own.keys()) if (old < oldest(now)) own.delete(old);
      }
      recordDuration(histogram, durationMs);
    },
    latency(key, now) {
      const recent = [...(slices.get(key) ?? [])].filter(([slice]) => slice >= oldest(now));
      return latencyOf(recent.map(([, histogram]) => histogram));
    },
    keepOnly(keys) {
      for (const key of slices.keys()) if (!keys.has(key)) slices.delete(key);
    },
  };
}
