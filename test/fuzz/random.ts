/** Numbers that look random and come out the same for the same seed. */
export interface Random {
  /** 0 ≤ n < end. */
  below(end: number): number;
  /** True once in so many times. */
  oneIn(times: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** One for each case of a seed, so that a case can be run alone. */
export function createRandom(seed: number, step: number): Random {
  let state = mix((seed >>> 0) ^ mix(step + 0x9e3779b9)) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (end: number): number => (end <= 1 ? 0 : next() % end);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick(from) {
      const item = from[below(from.length)];
      if (item === undefined && from.length === 0) throw new Error("nothing to pick from");
      return item as (typeof from)[number];
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
