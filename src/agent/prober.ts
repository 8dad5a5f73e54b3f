import type { Check } from "../core/desired.ts";
import type { Instant } from "../core/instant.ts";
import type { SupervisionInput } from "../core/supervision/supervised.ts";
import type { AgentParts } from "./parts.ts";

/** While a process starts it is asked this often: half of it is what a start costs on average. */
const startProbeMs = 50;

/** Asks one process for its health in the background, one question at a time. */
export interface Prober {
  /** Asks if a question is due; the answer rings. */
  poll(target: ProbeOrder, signal: AbortSignal): void;
  /** The newest answer, once. */
  take(): SupervisionInput["check"];
  dueAt(): Instant | null;
  /** Forgets what was asked of a process that is gone. */
  reset(): void;
}

export interface ProbeOrder {
  readonly check: Check;
  readonly address: string;
  readonly port: number;
  readonly isStarting: boolean;
}

export function createProber(parts: AgentParts, ring: () => void): Prober {
  let run = 0;
  let isAsking = false;
  let due: Instant | null = null;
  let answer: SupervisionInput["check"] = null;
  return {
    poll(order, signal) {
      const { check, isStarting, address, port } = order;
      if (check.kind === "none") return;
      const now = parts.clock.now();
      due ??= now;
      if (isAsking || now < due) return;
      isAsking = true;
      due = now + (isStarting ? startProbeMs : check.everyMs);
      const asked = run;
      void parts.probe.check({ check, address, port }, signal).then((problem) => {
        isAsking = false;
        if (asked !== run || signal.aborted) return;
        answer = { isPassing: problem === null, problem };
        ring();
      });
    },
    take() {
      const taken = answer;
      answer = null;
      return taken;
    },
    dueAt: () => (isAsking ? null : due),
    reset() {
      run += 1;
      due = null;
      answer = null;
    },
  };
}
