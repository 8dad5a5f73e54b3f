/**
 * What the policy behind `aim` was set to by replaying recorded traffic (`npm run bench -- scaling`), for 0.1 % of slow
 * answers. Times are in seconds, shares of 1.
 */
export interface Tuning {
  /** Room beyond the load that is expected: 0.05 is 5 %. */
  readonly margin: number;
  readonly marginMax: number;
  /** More room per unit of restlessness above what chance alone brings. */
  readonly marginPerRestlessness: number;
  readonly chanceRestlessness: number;
  readonly restlessHalfLifeS: number;
  /** Slots beyond the load, in its square roots: small sites need more room than large ones, … */
  readonly spareRoots: number;
  /** … and slow machines more than fast ones: so much more per second of a machine's start. */
  readonly spareRootsPerLeadS: number;
  /** A need is met for this long after it was last there. */
  readonly holdS: number;
  /** A small surplus is kept for so long after machines were added, … */
  readonly quietS: number;
  /** … small being up to this share of the pool. */
  readonly surplusMin: number;
  /** Nothing is given back so soon after somebody had to wait. */
  readonly calmS: number;
  /** Earlier days may raise what is expected to so many times what comes. */
  readonly earlierDaysMax: number;
  /** More than so many times what came before is a rise, … */
  readonly riseFactor: number;
  /** … if it is so many deviations above it, too, … */
  readonly riseDeviations: number;
  /** … which are wider on a restless site. */
  readonly riseRestlessness: number;
  /** At a rise machines are launched for so many times what comes. */
  readonly overshoot: number;
  /** What was launched at an alarm is kept so long after it should have arrived, … */
  readonly settleS: number;
  /** … or until it has arrived for so long and nobody waits; then there is room for so many times what comes. */
  readonly trimAfterS: number;
  readonly trimFactor: number;
  /** A site more restless than this rises all the time: it keeps what it has for `quietS`, and overshoots less, … */
  readonly wildRestlessness: number;
  /** … by this, and by one more for so many seconds of a machine's start. */
  readonly wildOvershoot: number;
  readonly wildLeadS: number;
}

export const usualTuning: Tuning = {
  margin: 0.05,
  marginMax: 0.5,
  marginPerRestlessness: 2,
  chanceRestlessness: 0.06,
  restlessHalfLifeS: 3_600,
  spareRoots: 0.7,
  spareRootsPerLeadS: 0.0022,
  holdS: 600,
  quietS: 600,
  surplusMin: 0.2,
  calmS: 30,
  earlierDaysMax: 1.5,
  riseFactor: 1.4,
  riseDeviations: 5.3,
  riseRestlessness: 0.6,
  overshoot: 12,
  settleS: 20,
  trimAfterS: 10,
  trimFactor: 1.5,
  wildRestlessness: 0.25,
  wildOvershoot: 1.9,
  wildLeadS: 70,
};
