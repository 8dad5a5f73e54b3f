import type { Tuning } from "./tuning.ts";

/**
 * Slots that carry a load, by the square-root rule: chance brings more than the mean now and then, and the room that
 * this needs grows with the load's root. `load`: requests at work at the same time, the mean; `roots`: how sure.
 */
export function slotsFor(load: number, roots: number): number {
  return load + roots * Math.sqrt(load);
}

/** The load that so many slots carry: `slotsFor` the other way round. */
export function loadFor(slots: number, roots: number): number {
  const root = (Math.sqrt(roots ** 2 + 4 * slots) - roots) / 2;
  return root ** 2;
}

export function spareRoots(leadS: number, tuning: Tuning): number {
  return tuning.spareRoots + tuning.spareRootsPerLeadS * leadS;
}

/** A need for a fiftieth of a machine more than there are is no need for another one. */
const sliver = 0.02;

export function machinesFor(load: number, roots: number, slotsPerMachine: number): number {
  return Math.ceil(slotsFor(load, roots) / slotsPerMachine - sliver);
}
