import type { Instant } from "../core/instant.ts";
import type { ProcessUsage } from "../ports/process-host.ts";

export interface Usage {
  /** Share of one core since the last sample. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** Turns counted CPU seconds into a share of a core. */
export function createMeter(): {
  readonly sample: (usage: ProcessUsage, now: Instant) => Usage;
  readonly reset: () => void;
} {
  let last: { readonly cpuSeconds: number; readonly at: Instant } | null = null;
  return {
    sample(usage, now) {
      const seconds = last === null ? 0 : (now - last.at) / 1000;
      // What ended since the last sample took its seconds with it: the sum may shrink, the share may not.
      const used = last === null ? 0 : Math.max(0, usage.cpuSeconds - last.cpuSeconds);
      last = { cpuSeconds: usage.cpuSeconds, at: now };
      return { cpu: seconds > 0 ? used / seconds : 0, memoryBytes: usage.memoryBytes };
    },
    reset: () => void (last = null),
  };
}
