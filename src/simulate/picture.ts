import type { Result } from "./result.ts";

/** Demand and pool over a window, in a few points: of each span the moment when most was needed. */
export interface Picture {
  readonly startS: number;
  readonly spanS: number;
  /** Machines that the requests kept wholly busy. */
  readonly demand: readonly number[];
  /** Machines that served then. */
  readonly ready: readonly number[];
}

const pointsMax = 1_200;

export function pictureOf({ startS, demand, ready }: Result): Picture {
  const spanS = Math.max(1, Math.ceil(demand.length / pointsMax));
  const points = Math.ceil(demand.length / spanS);
  const moments = Array.from({ length: points }, (_, i) => busiest(demand, i * spanS, spanS));
  return {
    startS,
    spanS,
    demand: moments.map((moment) => demand[moment] ?? 0),
    ready: moments.map((moment) => ready[moment] ?? 0),
  };
}

/** The same in at most so many points. */
export function coarser(picture: Picture, pointsMax: number): Picture {
  const { demand, ready, startS, spanS } = picture;
  const each = Math.max(1, Math.ceil(demand.length / pointsMax));
  const points = Math.ceil(demand.length / each);
  const moments = Array.from({ length: points }, (_, i) => busiest(demand, i * each, each));
  return {
    startS,
    spanS: spanS * each,
    demand: moments.map((moment) => demand[moment] ?? 0),
    ready: moments.map((moment) => ready[moment] ?? 0),
  };
}

function busiest(demand: ArrayLike<number>, from: number, length: number): number {
  let most = from;
  for (let i = from + 1; i < Math.min(demand.length, from + length); i += 1) {
    if ((demand[i] ?? 0) > (demand[most] ?? 0)) most = i;
  }
  return most;
}
