import type { Client, LogLines, OneOff } from "./client.ts";
import type { Context } from "./context.ts";
import { waitFor } from "./waiting.ts";

/** Beyond the command's own limit, which ends it. */
const LATE_MS = 60_000;
/** What it printed last may come after the news that it has ended. */
const LAST_LINES_MS = 2_500;
const LINES_MAX = 5_000;
/** The agent's own last line of a command. */
const ENDED = /^\[ended with code \d+\]$/;

/** Shows what a command prints until it has ended. */
export async function followOneOff(
  context: Context,
  client: Client,
  begun: OneOff,
): Promise<OneOff> {
  const lines = createLines(context, begun.process);
  const newest = await client.logs({ ...page, machine: begun.machine, limit: 1 });
  // Its first lines may be in the book already: read from a little before.
  let after = Math.max(0, (newest.at(-1)?.number ?? 0) - LINES_MAX);
  let endedAtMs: number | null = null;
  return waitFor({
    what: `run ${begun.id}`,
    goesOn: "the command goes on",
    next: context.hint(`tidemill run --stop ${begun.id}`),
    timeoutMs: begun.timeoutMs + LATE_MS,
    async look() {
      const oneOff = await client.oneOff(begun.id);
      const read = await client.logs({ ...page, after, machine: begun.machine });
      for (const line of read) lines.take(line);
      after = read.at(-1)?.number ?? after;
      if (oneOff.state === "running") return null;
      endedAtMs ??= Date.now();
      const isComplete = lines.hasEnded() || Date.now() - endedAtMs > LAST_LINES_MS;
      return isComplete || oneOff.state === "stopped" ? oneOff : null;
    },
  });
}

const page = { after: 0, limit: LINES_MAX, waitMs: 0, role: null };

interface Lines {
  take(line: LogLines[number]): void;
  hasEnded(): boolean;
}

/** An empty line is shown with what follows it: the last one is the agent's. */
function createLines({ output }: Context, process: string): Lines {
  let empty = 0;
  let isOver = false;
  return {
    take(line) {
      if (line.process !== process) return;
      if (ENDED.test(line.text)) isOver = true;
      else if (line.text === "") empty += 1;
      else {
        const shown = [...Array<string>(empty).fill(""), line.text];
        empty = 0;
        if (!output.isJson) output.result({}, shown);
      }
    },
    hasEnded: () => isOver,
  };
}
