import type { RoleView } from "../../src/core/scaling/view.ts";
import type { Policy } from "../../src/simulate/policy.ts";

const tickS = 2;
const holdS = 600;
const overshoot = 6;
const overshootS = 60;
const dayS = 86_400;
const bucketS = 300;

/** The one that ours was made from: with its known figures, it shows that the engine says what was measured then. */
export function createPrototype(margin: number): Policy {
  const lately = { arrivals: [0, 0, 0, 0] };
  let serviceS = 0.2;
  let forecastAtS = Number.NEGATIVE_INFINITY;
  let forecast = 0;
  let surgeUntilS = Number.NEGATIVE_INFINITY;
  let surgeMachines = 0;
  let queuedAtS = Number.NEGATIVE_INFINITY;
  const held = createRollingMax(holdS);
  return {
    name: `prototype ${margin}`,
    tickS,
    decide(view, second) {
      const to = second - 1;
      const { busy, completions, arrivals, queue } = view.balancer;
      const { slots, bootS } = view.machine;
      const leadS = Math.ceil((bootS / 1.16) * 1.1 + tickS + 4);
      const { desired, ready } = view.pool;
      if (second % 60 === 0) {
        const done = completions.mean(to - 300, to);
        const worked = busy.mean(to - 300, to);
        if (done !== null && worked !== null && done * 300 > 200)
          serviceS = 0.8 * serviceS + 0.2 * Math.min(worked / done, 1.15 * 0.2);
      }
      for (const [i, length] of [60, 30, 10, 6].entries())
        lately.arrivals[i] = arrivals.mean(to - length, to) ?? lately.arrivals[i] ?? 0;
      const [l60 = 0, l30 = 0, l10 = 0, l6 = 0] = lately.arrivals;
      const level = Math.max(
        l60,
        l30 - 1.3 * Math.sqrt(l30 / 30 + (0.03 * l30) ** 2),
        l10 - 2 * Math.sqrt(l10 / 10 + (0.07 * l10) ** 2),
      );
      if (second - forecastAtS >= 60) {
        forecastAtS = second;
        forecast = 0;
        for (let ahead = leadS - 60; ahead <= leadS + 200; ahead += 100)
          forecast = Math.max(forecast, analog(view, second, second + ahead));
      }
      const expected = Math.max(level, Math.min(forecast, 4 * level + 2));
      const staff = (rate: number): number => rate * serviceS + Math.sqrt(rate * serviceS);
      const need = Math.ceil(staff(expected * margin) / slots - 0.02);
      let wanted = held(second, need);

      const waiting = queue.mean(to - 1, to) ?? 0;
      const before = arrivals.mean(to - 15 - 60, to - 15) ?? l6;
      const isRising =
        l6 > 1.5 * before && l6 > before + 5 * Math.sqrt(before / 6 + 0.3 + (0.1 * before) ** 2);
      const isJammed = waiting > 0.5 * ready * slots && waiting > 4;
      if (isRising || isJammed) {
        const backlog = (Math.min(waiting, l6 * 10) * serviceS) / 15;
        const surge = Math.ceil((staff(l6 * (isRising ? overshoot : 1.2)) + backlog) / slots);
        if (second >= surgeUntilS || surge > surgeMachines) surgeMachines = surge;
        surgeUntilS = second + leadS + overshootS - (isRising ? 0 : 30);
      }
      if (second < surgeUntilS) wanted = Math.max(wanted, surgeMachines);
      if (waiting > 1) queuedAtS = second;
      if (second - queuedAtS < 30) wanted = Math.max(wanted, desired);
      return wanted;
    },
  };
}

function analog(view: RoleView, nowS: number, atS: number): number {
  const { earlier } = view;
  if (earlier === null) return 0;
  const now = Math.floor(nowS / bucketS) * bucketS;
  const at = Math.floor(atS / bucketS) * bucketS;
  const found: number[] = [];
  for (const day of [1, 2, 3, 7]) {
    const back = day * dayS;
    const then = earlier.rate(at - back);
    let today = 0;
    let thatDay = 0;
    for (let i = 1; i <= 6; i += 1) {
      today += earlier.rate(now - i * bucketS) ?? 0;
      thatDay += earlier.rate(now - i * bucketS - back) ?? 0;
    }
    if (then === null || thatDay <= 1e-9) continue;
    found.push(then * Math.max(0.4, Math.min(2.5, today / thatDay)));
  }
  found.sort((a, b) => a - b);
  return found[found.length >> 1] ?? 0;
}

function createRollingMax(windowS: number): (second: number, value: number) => number {
  const kept: { readonly second: number; readonly value: number }[] = [];
  return (second, value) => {
    while ((kept.at(-1)?.value ?? Number.POSITIVE_INFINITY) <= value) kept.pop();
    kept.push({ second, value });
    while ((kept[0]?.second ?? second) < second - windowS) kept.shift();
    return kept[0]?.value ?? value;
  };
}
