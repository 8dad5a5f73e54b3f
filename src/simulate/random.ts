/** 0 ≤ n < 1, the same sequence for the same seed (sfc32). */
export type Random = () => number;

const discarded = 20;

export function createRandom(seed: number): Random {
  let a = seed >>> 0;
  let b = (seed * 2654435761 + 1) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const next = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + mixed) | 0;
    return (mixed >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < discarded; i += 1) next();
  return next;
}

/** Normally distributed, mean 0, deviation 1. */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

/** Beyond this mean a normal distribution serves as well, and costs the same however large it is. */
const poissonMeanMax = 20;

/** How many of something arrive when `mean` do on average. */
export function drawPoisson(mean: number, random: Random): number {
  if (mean > poissonMeanMax) return Math.max(0, mean + Math.sqrt(mean) * drawNormal(random));
  if (mean <= 0) return 0;
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count += 1;
  return count;
}
