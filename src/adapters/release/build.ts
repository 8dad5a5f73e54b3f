import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { Failure } from "../../ports/failure.ts";

export interface BuildOrder {
  readonly command: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
}

const lastLinesMax = 20;
/** A line without an end is cut, so that a build cannot fill the memory. */
const lineLengthMax = 4_096;

/** Runs the build; its last lines are in the `Failure` of one that fails. */
export async function runBuild(order: BuildOrder, signal: AbortSignal): Promise<void> {
  const lastLines: string[] = [];
  const onLine = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > lastLinesMax) lastLines.shift();
    order.onLine(line);
  };
  const end = await run(order, onLine, signal);
  signal.throwIfAborted();
  if (end === "0") return;
  const said = [`the command ended with ${end}`, ...lastLines].join("\n");
  throw new Failure("rejected", `Cannot build by ${JSON.stringify(order.command)}: ${said}`);
}

function run(
  order: BuildOrder,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  // A group of its own, so that a stop also reaches what the shell has started.
  const child = spawn("/bin/sh", ["-c", order.command], {
    cwd: order.directory,
    env: { ...order.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const stop = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // Nothing is left of the group.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  signal.addEventListener("abort", stop, { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    const lines = createLineSplitter(onLine);
    stream.on("data", (chunk: Buffer) => lines.push(chunk));
    stream.on("end", () => lines.end());
  }
  return new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve(String(code ?? killedBy)));
  }).finally(() => signal.removeEventListener("abort", stop));
}

function createLineSplitter(onLine: (line: string) => void) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push(chunk: Buffer) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.slice(0, lineLengthMax).replace(/\r$/, ""));
      if (rest.length <= lineLengthMax) return;
      onLine(rest.slice(0, lineLengthMax));
      rest = "";
    },
    end() {
      if (rest !== "") onLine(rest);
    },
  };
}
