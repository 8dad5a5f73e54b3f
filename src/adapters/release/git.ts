import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Failure } from "../../ports/failure.ts";
import { unpackTar } from "./unpack.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The full hash of the commit the ref names. */
export async function resolveCommit(
  directory: string,
  ref: string,
  env: Environment,
  signal: AbortSignal,
): Promise<string> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
  const git = start(directory, args, env, signal);
  const [ended, hash, said] = await Promise.all([exitOf(git), text(git.stdout), text(git.stderr)]);
  if (ended === 0) return hash.trim();
  const why = said.trim() === "" ? "no such ref" : lastLine(said);
  throw new Failure("not_found", `Cannot find ${ref} in ${directory}: ${why}`);
}

/** The commit's files, as `git archive` gives them: without those marked `export-ignore`. */
export async function exportCommit(
  directory: string,
  commit: string,
  into: string,
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<void> {
  const git = start(directory, ["archive", "--format=tar", commit], env, signal);
  const [ended, unpacked, said] = await Promise.all([
    exitOf(git),
    unpackTar(git.stdout, into, signal).catch((error: unknown) => ({ error })),
    text(git.stderr),
  ]);
  if (ended !== 0)
    throw new Failure("rejected", `Cannot export ${commit} of ${directory}: ${lastLine(said)}`);
  if (unpacked !== undefined) throw unpacked.error;
}

function start(
  directory: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal,
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn("git", ["-C", directory, ...args], {
    env: { ...env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
}

function exitOf(git: ChildProcessByStdio<null, Readable, Readable>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    git.once("error", (cause) => {
      reject(new Failure("unavailable", `Cannot run git: ${cause.message}`, { cause }));
    });
    git.once("close", resolve);
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
