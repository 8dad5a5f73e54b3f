import type { AgentLine } from "../core/messages.ts";
import type { Instant } from "../core/instant.ts";
import type { ControllerConnection } from "../ports/controller-link.ts";
import type { AgentParts } from "./parts.ts";

const batchMs = 200;
const linesPerSecondMax = 200;
/** Kept while there is no connection. */
const pendingLinesMax = 2_000;

/** Sends what the processes print, as far as it is not too much; all of it stays in their files. */
export async function streamLogs(
  parts: AgentParts,
  connection: () => ControllerConnection | null,
  signal: AbortSignal,
): Promise<void> {
  let pending: readonly AgentLine[] = [];
  let dropped = 0;
  let allowance: Allowance = { lines: linesPerSecondMax, at: parts.clock.now() };
  while (!signal.aborted) {
    const now = parts.clock.now();
    const batch = parts.logs.read(now);
    const all = [...pending, ...batch.lines];
    pending = all.slice(-pendingLinesMax);
    dropped += batch.dropped + all.length - pending.length;
    const home = connection();
    if (home !== null && (pending.length > 0 || dropped > 0)) {
      allowance = refill(allowance, now);
      // The newest tell more about what goes on than the oldest.
      const count = Math.min(pending.length, Math.floor(allowance.lines));
      const lines = count === 0 ? [] : pending.slice(-count);
      const left = pending.length - count;
      if (home.send({ kind: "lines", lines, dropped: dropped + left })) {
        allowance = { lines: allowance.lines - count, at: now };
        pending = [];
        dropped = 0;
      }
    }
    await parts.clock.sleep(batchMs, signal);
  }
}

interface Allowance {
  readonly lines: number;
  readonly at: Instant;
}

function refill(allowance: Allowance, now: Instant): Allowance {
  const earned = (Math.max(0, now - allowance.at) * linesPerSecondMax) / 1000;
  return { lines: Math.min(linesPerSecondMax, allowance.lines + earned), at: now };
}
