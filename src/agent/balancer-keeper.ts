import type { BalancerDocument, MachineDocument } from "../core/document.ts";
import type { BalancerReport } from "../core/report.ts";
import type { LoadBalancer } from "../ports/load-balancer.ts";
import { createAlarm } from "../ports/alarm.ts";
import type { AgentParts } from "./parts.ts";
import { tickMs } from "./parts.ts";
import { wordsOf } from "./runner.ts";

/** Hands every new document to the balancer of this machine, and again each second until it has taken it. */
export interface BalancerKeeper {
  want(document: MachineDocument): void;
  run(signal: AbortSignal): Promise<void>;
  report(signal: AbortSignal): Promise<BalancerReport | null>;
}

interface Wish {
  readonly balancer: BalancerDocument | null;
  readonly generation: number;
}

const convergeMsMax = 60_000;

export function createBalancerKeeper(parts: AgentParts, onChange: () => void): BalancerKeeper {
  const { balancer } = parts;
  return balancer === null ? noKeeper : keep(balancer, parts, onChange);
}

const noKeeper: BalancerKeeper = {
  want: () => undefined,
  run: async () => undefined,
  report: async () => null,
};

function keep(balancer: LoadBalancer, parts: AgentParts, onChange: () => void): BalancerKeeper {
  const alarm = createAlarm(parts.clock);
  let wish: Wish | null = null;
  let done: Wish | null = null;
  let hasServed = false;
  let problem: string | null = null;
  balancer.onNews(onChange);
  return {
    want(document) {
      wish = { balancer: document.balancer, generation: document.generation };
      alarm.ring();
    },
    async run(signal) {
      while (!signal.aborted) {
        await converge(signal);
        await alarm.wait(tickMs, signal);
      }
      await balancer.detach();
    },
    async report(signal) {
      if (wish === null || wish.balancer === null) return null;
      const report = await balancer.report(signal);
      return { ...report, problem: report.problem ?? problem };
    },
  };

  async function converge(signal: AbortSignal): Promise<void> {
    if (wish === null || wish === done) return;
    const wanted = wish;
    const limit = AbortSignal.any([signal, parts.clock.deadline(convergeMsMax)]);
    const former = problem;
    try {
      if (wanted.balancer !== null) {
        await balancer.converge(wanted.balancer, wanted.generation, limit);
        hasServed = true;
      } else if (hasServed) await balancer.stop(limit);
      done = wanted;
      problem = null;
    } catch (error) {
      // Not lost: it is in the next report, and the next tick tries again.
      problem = wordsOf(error);
    }
    if (problem !== null && problem !== former) parts.say(problem);
    if (!signal.aborted) onChange();
  }
}
