/** Quantiles of how long an answer takes on a free, warm machine. */
export interface ServiceTimes {
  /** At (i + ½) / length. */
  readonly quantiles: Float64Array;
  /** Share of the answers that take longer. */
  longerThan(seconds: number): number;
}

/** A power of two: a random number's upper bits choose one. */
const quantileCount = 1 << 15;

/** Lognormal, by its mean and coefficient of variation. */
export function createServiceTimes(mean: number, cv: number): ServiceTimes {
  const variance = Math.log(1 + cv * cv);
  const median = Math.exp(Math.log(mean) - variance / 2);
  const deviation = Math.sqrt(variance);
  const quantiles = Float64Array.from(
    { length: quantileCount },
    (_, i) => median * Math.exp(deviation * normalQuantile((i + 0.5) / quantileCount)),
  );
  return {
    quantiles,
    longerThan(seconds) {
      let low = 0;
      let high = quantileCount;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((quantiles[middle] ?? 0) > seconds) high = middle;
        else low = middle + 1;
      }
      return 1 - low / quantileCount;
    },
  };
}

/** Acklam's approximation, exact to 1e-9. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(tail.over, q) / (polynomial(tail.under, q) * q + 1);
  }
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(centre.over, r) * q) / (polynomial(centre.under, r) * r + 1);
}

const centre = {
  over: [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ],
  under: [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972,
    -13.28068155288572,
  ],
} as const;

const tail = {
  over: [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
    4.374664141464968, 2.938163982698783,
  ],
  under: [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416],
} as const;

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
