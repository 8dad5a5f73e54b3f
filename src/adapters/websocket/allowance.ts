import type { Instant } from "../../core/instant.ts";

/** What may be taken at once, and what comes back each second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** How much one peer may say: whoever says more keeps the others waiting. */
export interface Allowance {
  /** False when the message is more than what is left. */
  take(bytes: number, now: Instant): boolean;
}

export function createAllowance(
  rates: { readonly messages: Rate; readonly bytes: Rate },
  now: Instant,
): Allowance {
  let [messages, bytes, at] = [rates.messages.burst, rates.bytes.burst, now];
  return {
    take(length, now) {
      const seconds = Math.max(0, now - at) / 1_000;
      at = now;
      messages = refilled(messages, rates.messages, seconds) - 1;
      bytes = refilled(bytes, rates.bytes, seconds) - length;
      return messages >= 0 && bytes >= 0;
    },
  };
}

function refilled(left: number, { burst, perSecond }: Rate, seconds: number): number {
  return Math.min(burst, left + seconds * perSecond);
}
