import { renewalRetryMs } from "../core/access/renewal.ts";
import type { Clock } from "../ports/clock.ts";
import type { MachineCredentials } from "../ports/machine-credentials.ts";
import { wordsOf } from "./runner.ts";

/** Long lives are looked at now and then: a computer that slept finds its time gone. */
const lookMs = 60_000;

export interface KeepParts {
  readonly credentials: MachineCredentials;
  readonly clock: Clock;
  readonly say: (text: string) => void;
}

/** Renews the machine's certificate at half time, for as long as the agent lives. */
export async function keepCredentials(parts: KeepParts, signal: AbortSignal): Promise<void> {
  const { credentials, clock, say } = parts;
  while (!signal.aborted) {
    const renewal = credentials.renewal();
    const now = clock.now();
    if (renewal === null || now < renewal.dueAt) {
      const restMs = renewal === null ? lookMs / 60 : renewal.dueAt - now;
      await clock.sleep(Math.min(restMs, lookMs), signal);
      continue;
    }
    try {
      await credentials.renew(signal);
    } catch (error) {
      if (!signal.aborted) say(wordsOf(error));
      await clock.sleep(renewalRetryMs(renewal.lifeMs), signal);
    }
  }
}
