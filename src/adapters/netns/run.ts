import { spawn } from "node:child_process";
import { Failure } from "../../ports/failure.ts";

/** Tools of root lie where the PATH of others does not look. */
export const toolsPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const runMs = 10_000;

/** Runs a tool to its end and gives what it printed. Throws `Failure` with its last words. */
export function run(
  what: string,
  [program = "", ...args]: readonly string[],
  input: string | null,
  signal: AbortSignal,
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(runMs)]);
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ["", ""];
    const child = spawn(program, args, { env: { PATH: toolsPath }, signal: limit });
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("error", (cause) => {
      const code = limit.aborted ? "aborted" : "unavailable";
      reject(new Failure(code, `Cannot ${what}: ${cause.message}`, { cause }));
    });
    child.once("close", (code) => {
      if (code === 0) return resolve(stdout);
      const said = stderr.trim().split("\n").slice(-2).join(" | ") || `it ended with code ${code}`;
      reject(new Failure("rejected", `Cannot ${what}: ${program} says ${said}`));
    });
    // A tool that ends before it has read everything is told by its code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input ?? "");
  });
}

/** Several commands of `ip` in one process. */
export async function ip(
  what: string,
  options: readonly string[],
  commands: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await run(what, ["ip", ...options, "-batch", "-"], `${commands.join("\n")}\n`, signal);
}
