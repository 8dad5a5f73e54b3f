import type { Responses } from "../core/scaling/view.ts";

/** Counts answers by second and by how long they took. */
export interface ResponseRecord extends Responses {
  /** Answers given in `second`, which took `tookS` each. Their number need not be whole. */
  add(second: number, tookS: number, answers: number): void;
  /** Nothing from `second` on is seen until it is called again. */
  reach(second: number): void;
}

/** Bounds grow by a tenth, from 20 ms to 25 s: a quantile is exact to a tenth. */
const bucketCount = 76;
const firstS = 0.02;
const growth = 1.1;

const upperS = Float64Array.from({ length: bucketCount }, (_, i) => firstS * growth ** i);
const perS = 1000;
const topS = upperS[bucketCount - 1] ?? 0;
/** Bucket of each millisecond: no logarithm per answer. */
const bucketOfMs = Uint8Array.from({ length: Math.ceil(topS * perS) + 1 }, (_, ms) =>
  Math.max(0, Math.ceil(Math.log(ms / perS / firstS) / Math.log(growth) - 1e-9)),
);

/** For those who do not look at them. */
export const noResponses: ResponseRecord = {
  add: () => undefined,
  reach: () => undefined,
  quantile: () => null,
};

export function createResponses(keepS: number): ResponseRecord {
  const counts = new Float32Array(keepS * bucketCount);
  const secondOf = new Float64Array(keepS).fill(Number.NaN);
  const summed = new Float64Array(bucketCount);
  let endS = Number.NEGATIVE_INFINITY;
  let lastS = Number.NaN;
  let row = 0;
  const turnTo = (second: number): void => {
    lastS = second;
    row = second % keepS;
    if (secondOf[row] === second) return;
    secondOf[row] = second;
    counts.fill(0, row * bucketCount, (row + 1) * bucketCount);
  };
  return {
    add(second, tookS, answers) {
      if (second !== lastS) turnTo(second);
      const bucket = tookS >= topS ? bucketCount - 1 : (bucketOfMs[Math.ceil(tookS * perS)] ?? 0);
      const place = row * bucketCount + bucket;
      counts[place] = (counts[place] ?? 0) + answers;
    },
    reach(second) {
      endS = second;
    },
    quantile(p, from, to) {
      summed.fill(0);
      let answers = 0;
      for (let second = from; second < Math.min(to, endS); second += 1) {
        const row = second % keepS;
        if (secondOf[row] !== second) continue;
        for (let bucket = 0; bucket < bucketCount; bucket += 1) {
          const count = counts[row * bucketCount + bucket] ?? 0;
          summed[bucket] = (summed[bucket] ?? 0) + count;
          answers += count;
        }
      }
      if (answers <= 0) return null;
      let bucket = 0;
      let below = summed[0] ?? 0;
      while (below < p * answers - 1e-6 && bucket < bucketCount - 1) below += summed[++bucket] ?? 0;
      return { seconds: upperS[bucket] ?? topS, answers };
    },
  };
}
