import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Failure } from "../../ports/failure.ts";

/** An answer takes well under a millisecond; this is for a process that hangs. */
const answerMs = 5_000;
/** HAProxy reads at most one buffer (16 KiB) per request; the rest of a buffer is its own. */
export const requestBytesMax = 12_000;

/**
 * Sends commands over a unix socket of HAProxy and returns the answer without its last newlines.
 *
 * One connection per request, closed on our side at once: the master answers nobody who keeps it open, and a
 * kept connection to a worker stays with that worker after a reload.
 */
export async function callRuntimeApi(
  socketPath: string,
  command: string,
  signal: AbortSignal,
): Promise<string> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const socket = connect({ path: socketPath });
  const cut = (): void => {
    socket.destroy(new Error("no answer in time"));
  };
  deadline.addEventListener("abort", cut, { once: true });
  try {
    if (deadline.aborted) cut();
    socket.end(`${command}\n`);
    return (await text(socket)).trim();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const code = deadline.aborted ? "aborted" : "unavailable";
    throw new Failure(code, `Cannot ask HAProxy at ${socketPath}: ${said}`, { cause });
  } finally {
    deadline.removeEventListener("abort", cut);
    socket.destroy();
  }
}

/** The words of success. Whatever else a command answers is a refusal. */
const successes = [
  /^New server registered\.$/,
  /^Server deleted\.$/,
  /^New version created: \d+$/,
  /^(?:Done\.|done)$/,
];

/** Throws `Failure` when a command of the line was refused; silence is success. */
export function assertDone(what: string, answer: string): void {
  const refusal = answer
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !successes.some((success) => success.test(line)));
  if (refusal === undefined) return;
  const code = refusal.startsWith("No such") ? "not_found" : "rejected";
  throw new Failure(code, `Cannot ${what}: ${refusal.replace(/\.$/, "")}`);
}
